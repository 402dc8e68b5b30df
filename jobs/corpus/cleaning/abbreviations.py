"""Words with a stop of their own, by whether a sentence ends at it. One place; ``sentences`` asks in this order."""

from __future__ import annotations

from jobs.corpus.cleaning.word_set import words

NEVER_ENDS = words(
    # what is pointed at
    "fig figs eq eqs eqn ref refs tab suppl supplem supp sect ext vs cf viz approx ca eg ie aka e.g i.e a.k.a w.r.t "
    "incl excl thm lem liq"
    # people, offices and places
    " dr drs prof mr mrs ms messrs st mt ft dept univ assoc natl intl asst approv govt reg pty pvt"
    # names of organisms
    " fam subfam superfam ord gen subgen subsp var cv ser pers eur aff pv bv serov str substr"
)
"""Announces the next word, whatever it is."""

NEVER_ENDS_CAPITALISED = words("Sup Cap Caps Inj Syp Syr Tabl Capt Col Gov Hon Lt Rep Sen Sgt")
"""So do these, where they are written so: dosage forms ("Cap. Doxycycline"; a "cap" may end a sentence) and titles."""

BEFORE_NUMBER = words(
    "no nos p pp vol ch sec cat lot par chap v ver aa nt art ed figure figures table equation section supplementary "
    "jan feb mar apr jun jul aug sep sept oct nov dec acc chr rev equiv isol cats sfig sfigs app append mat prop "
    "cor alg def ex expt grp gp pt deg subsec bd wk"
)
"""Announces a number; before anything else an ordinary word."""

BEFORE_LETTER = words("app append ch chap sec subsec vol prop def alg pt deg")
"""Those of them that also announce a letter or a Roman number: "App. B", "Sec. IV", "4 deg. C"."""

OF_JOURNALS = words(
    "biol med virol immunol nat proc acad sci commun clin exp chem biochem biophys microbiol infect pharmacol "
    "epidemiol pathol physiol toxicol neurosci genet nutr pediatr oncol cardiol neurol psychiatr surg vet trop hyg "
    "appl environ int annu curr opin lett bull symp comm negl engl dis soc res rep phys technol eng parasitol "
    "bacteriol mycol zool ecol evol agric vaccinol dermatol gastroenterol hepatol haematol hematol respir crit obstet "
    "gynecol radiol nephrol urol rheumatol endocrinol metab geriatr psychol bioinf biotechnol"
)
"""In journals' names, where several are in a row and a number may follow: "Nat. Commun. 11"."""

SELDOM_ENDS = OF_JOURNALS | words(
    "al etc resp spp sp inc ltd co corp plc gmbh jr sr ph.d m.d u.s u.k u.n e.u temp conc wt mol avg max min hr cit "
    "inj ave blvd rd bldg hosp inst unpubl"
)
"""Ends a sentence only where the next word is one that sentences begin with, or as the classes below say."""

MAY_END = words(
    "hp.i dp.i p.i h.p.i d.p.i w.p.i d.p.v d.p.c p.c p.v p.o i.v i.p i.m i.n i.c i.t i.d s.c b.w a.m p.m s.d s.e s.e.m "
    "b.i.d t.i.d q.d q.i.d p.r.n r.t b.p w.t s.l v.p r.p.m a.c n.s d.w v.v w.w a.u"
)
"""Ends a sentence before a word that only a sentence's beginning makes large: "given i.p. Mice"."""

ENDS_AFTER_TIME = words("hp.i dp.i p.i h.p.i d.p.i w.p.i d.p.v d.p.c")
"""After a number or a unit of time so do these before any capital: "at 24 h p.i. GFP was read"."""

ENDS_BEFORE_CAPITAL = words("etc u.s.a u.a.e p.r.c d.c")
"""Ends a sentence before any word that is large only at its beginning: "and rats, etc. Samples were taken"."""

ENDS_AFTER_NUMBER = words("min max hr hrs sec wt conc temp mol avg a.d b.c")
"""Ends a sentence after a number, and before a capital: "for 30 min. HA-tagged cells were washed"."""

ENDS_BEFORE_CLAUSE = words("u.s u.k u.n e.u inc ltd co corp plc gmbh ph.d m.d jr sr sp spp temp wt")
"""So do these if a verb follows that word: a name seldom goes on so ("the U.S. Centers for Disease Control")."""

OTHER_WORDS = words("ms MS st mt MT CA WT MAX MIN SEC Ser SER COR EX MAT CAP APP DEG PT PV BV CONC MOL") | frozenset(
    map(str.upper, OF_JOURNALS)
)
"""Ordinary words in this case: milliseconds, mass spectrometry, a torn ordinal's end, California, wild type, serine,
SOC medium."""

ANNOUNCES = (
    NEVER_ENDS | SELDOM_ENDS | BEFORE_NUMBER | ENDS_AFTER_NUMBER | frozenset(map(str.lower, NEVER_ENDS_CAPITALISED))
)
"""All that a stop behind which is looked at twice, but those with stops inside."""
