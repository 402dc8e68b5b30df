/* The search of jobs/corpus/cleaning/preprint_notice.py, whose regular expressions say what a notice is. A text has a
 * byte for each character, as kinds() of jobs/corpus/cleaning/kinds.py gives it, and a zero behind it.
 */

#include <stdint.h>
#include <string.h>

#include "kinds.h"
#include "vectorised.h"

#define MOST_ADDRESSES 20 /* before the first fragment */
#define LONGEST_HALF 300  /* characters of a sentence's half before its stop */

typedef struct {
    const uint8_t *begin, *end;
} Text;

/* All that follow return where what they look for at `p` ends; NULL where it is not there, or `p` is NULL. */
typedef const uint8_t *Place;

static inline Place literal(Place p, const char *words)
{
    if (!p)
        return NULL;
    for (; *words; words++, p++)
        if (*p != (uint8_t)*words)
            return NULL;
    return p;
}

/* `p`, or where one of the words ends that may stand there. */
static inline Place maybe(Place p, const char *words)
{
    Place end = literal(p, words);
    return end ? end : p;
}

static Place one_of(Place p, const char *const *words)
{
    for (; *words; words++) {
        Place end = literal(p, *words);
        if (end)
            return end;
    }
    return NULL;
}

static inline int is_edge(const Text *t, Place p)
{
    return (p > t->begin && is_word(p[-1])) != (p < t->end && is_word(*p));
}
static inline Place edge(const Text *t, Place p) { return p && is_edge(t, p) ? p : NULL; }

static Place numerals(Place p, int least, int most)
{
    int count = 0;
    for (; p && count < most && is_numeral(*p); p++)
        count++;
    return count < least ? NULL : p;
}

static Place small_letters(Place p, int least, int most)
{
    int count = 0;
    for (; p && count < most && is_small(*p); p++)
        count++;
    return count < least ? NULL : p;
}

static inline Place capital(Place p) { return p && is_capital(*p) ? p + 1 : NULL; }

static Place not_reviewed(Place p)
{
    static const char *const ends[] = {"peer-reviewed)", "peer reviewed)", "certified by peer review)", NULL};
    return one_of(literal(p, "(which was not "), ends);
}

/* What follows " is" or " is the" where that belongs to the notice. */
static int goes_on(const Text *t, Place p)
{
    static const char *const others[] = {" author/funder", " (which", " All rights", " http:", " https:", NULL};
    return p == t->end || literal(maybe(p, " "), ".") || one_of(p, others);
}

static Place holder(const Text *t, Place p)
{
    p = literal(p, "The copyright holder for this preprint");
    Place reviewed = not_reviewed(literal(p, " "));
    if (reviewed) {
        Place is = literal(reviewed, " is"), the = edge(t, literal(is, " the"));
        return the ? the : edge(t, is) ? is : reviewed;
    }
    Place is = literal(p, " is"), the = literal(is, " the");
    return the && goes_on(t, the) ? the : is && goes_on(t, is) ? is : p;
}

static Place version(const Text *t, Place p)
{
    p = literal(edge(t, p), "this version posted ");
    Place day = numerals(literal(small_letters(capital(p), 1, INT32_MAX), " "), 1, 2);
    Place year = day ? numerals(maybe(literal(day, ","), " "), 4, 4) : NULL;
    return maybe(year ? year : p, ".");
}

static Place funder(const Text *t, Place p)
{
    static const char *const servers[] = {"med", "bio", NULL};
    Place is = literal(literal(edge(t, p), "is"), " "), the = literal(edge(t, is ? is : p), "the ");
    p = literal(the ? the : is ? is : p, "author/funder");
    Place licence = literal(one_of(literal(p, ", who has granted "), servers), "Rxiv a license to display the preprint");
    p = maybe(licence ? maybe(licence, " in perpetuity") : p, ".");
    Place it = literal(p, " It"), given = edge(t, literal(it, " is made available under a"));
    if (given)
        return given;
    return it && (it == t->end || literal(maybe(it, " "), ".")) ? it : p;
}

static Place online(const Text *t, Place p)
{
    p = literal(edge(t, p), "first posted online");
    Place month = small_letters(capital(literal(p, " ")), 2, 8);
    Place day = literal(numerals(literal(maybe(month, "."), " "), 1, 2), ", "), year = numerals(day, 4, 4);
    return maybe(year ? year : p, ";");
}

static Place rights(const Text *t, Place p)
{
    p = edge(t, p);
    return maybe(literal(maybe(p, "All rights "), "reserved. No reuse allowed without permission"), ".");
}

static Place available(const Text *t, Place p)
{
    static const char *const others[] = {" MIT", " GPL", " BSD", " GNU", " Apache", " Creative", " public", " free", NULL};
    static const char *const rest[] = {"CC-", "The copyright", "author/", "is the", NULL};
    Place it = edge(t, literal(edge(t, p), "It is made available under a"));
    if (it)
        return edge(t, one_of(it, others)) ? NULL : it;
    p = edge(t, literal(edge(t, p), "is made available under a"));
    Place next = literal(p, " ");
    return p == t->end || one_of(maybe(next, ". "), rest) || one_of(next, rest) ? p : NULL;
}

static Place licence(const Text *t, Place p)
{
    p = maybe(literal(edge(t, p), "CC"), "-");
    Place kind = literal(p, "BY");
    p = kind ? kind : literal(p, "0");
    while (p && (is_capital(*p) || is_digit(*p) || *p == '-'))
        p++;
    Place number = numerals(maybe(literal(maybe(numerals(literal(p, " "), 1, 1), " "), "."), " "), 1, 1);
    return maybe(literal(number ? number : p, " International license"), ".");
}

static Place under(const Text *t, Place p)
{
    p = literal(edge(t, p), "Under a");
    return literal(maybe(p, " "), ". CC") ? p : NULL;
}

static Place server(const Text *t, Place p)
{
    static const char *const names[] = {"bioRxiv preprint", "medRxiv preprint", NULL};
    Place doi = literal(edge(t, p), "doi: ");
    p = one_of(edge(t, doi ? doi : p), names);
    doi = literal(p, " doi:");
    return doi && !literal(maybe(doi, " "), "10.") ? doi : p;
}

static Place law(const Text *t, Place p)
{
    static const char copyright[] = "It is not subject to copyright under 17 USC 105";
    static const char note[] =
        "NOTE: This preprint reports new research that has not been certified by peer review";
    p = edge(t, p);
    Place end = literal(p, "This article is a US Government work");
    if (!end)
        end = maybe(literal(p, copyright), " and is also made available for use under a CC0 license");
    if (!end)
        end = maybe(literal(p, note), " and should not be used to guide clinical practice");
    return maybe(end, ".");
}

static Place fragment(const Text *t, Place p)
{
    Place end = NULL;
    switch (*p) {
    case '(':
        return not_reviewed(p);
    case 'A':
    case 'r':
        return rights(t, p);
    case 'C':
        return licence(t, p);
    case 'U':
        return under(t, p);
    case 'b':
    case 'd':
    case 'm':
        return server(t, p);
    case 'f':
        return online(t, p);
    case 'T':
        end = holder(t, p);
        return end ? end : law(t, p);
    case 'N':
        return law(t, p);
    case 'I':
        end = available(t, p);
        return end ? end : law(t, p);
    case 'a':
        return funder(t, p);
    case 't':
        end = version(t, p);
        return end ? end : funder(t, p);
    case 'i':
        end = literal(edge(t, p), "is");
        end = not_reviewed(literal(maybe(end, " the"), " "));
        if (!end)
            end = funder(t, p);
        return end ? end : available(t, p);
    default:
        return NULL;
    }
}

/* Digits, points and slashes of an address: but no slash before another "/doi". */
static Place numbers(Place p)
{
    while (p && (is_digit(*p) || *p == '.' || (*p == '/' && !literal(p + 1, "/doi"))))
        p++;
    return p;
}

/* "/ 10.1101", also with "//doi. org" or "org" before it. */
static Place repeated(Place p)
{
    Place host = literal(maybe(maybe(p, "//doi."), " "), "org");
    Place own = host ? literal(maybe(literal(maybe(host, " "), "/"), " "), "10") : NULL;
    return numbers(own ? own : literal(maybe(literal(p, "/"), " "), "10"));
}

static Place torn(Place p)
{
    Place next = literal(p, " ");
    return next && (is_digit(*next) || *next == '.' || *next == '/') ? numbers(next) : NULL;
}

static Place torn_year(Place p)
{
    Place next = literal(p, " "), end = literal(next, "1101");
    return end ? end : numbers(literal(maybe(literal(next, "/"), " "), "20"));
}

static Place address(Place p)
{
    static const char *const schemes[] = {"https:", "http:", NULL};
    p = literal(maybe(one_of(p, schemes), " "), "//");
    p = literal(maybe(literal(maybe(p, "dx."), "doi."), " "), "org");
    p = numbers(literal(maybe(literal(maybe(p, " "), "/"), " "), "10"));
    if (!p)
        return NULL;
    for (Place end; (end = repeated(maybe(p, " "))) || (end = repeated(p));)
        p = end;
    Place last = p;
    for (Place end; (end = torn(last));)
        last = end;
    if (last > p && literal(last, " doi:"))
        p = last;
    else
        for (Place end; (end = torn_year(p));)
            p = end;
    Place edition = literal(p, "v"), number = numerals(edition, 1, INT32_MAX);
    return number ? number : p;
}

/* What belongs to a notice beside one of its fragments: an address, or a point between blanks. */
static Place beside(const Text *t, Place p)
{
    if (*p == 'h')
        return address(p);
    return *p == '.' && (p == t->begin || is_blank(p[-1])) && (p + 1 == t->end || is_blank(p[1])) ? p + 1 : NULL;
}

static Place notice(const Text *t, Place p)
{
    Place next;
    for (int i = 0; i < MOST_ADDRESSES && (next = beside(t, p)); i++)
        p = maybe(next, " ");
    p = fragment(t, p);
    for (; p; p = next) {
        Place begin = maybe(p, " ");
        next = beside(t, begin);
        if (!next)
            next = fragment(t, begin);
        if (!next)
            break;
    }
    return p;
}

/* Where what a notice may begin with ends. */
static Place beginning(Place p)
{
    static const char *const words[] = {"https:", "http:",    ".",    "(which", "The ",  "This",  "this v", "the ",
                                        "is ",    "It ",      "CC",   "All r",  "reserved", "NOTE", "author/", "first",
                                        "Under",  "doi:",     "bioRx", "medRx", "BioRx", "MedRx", NULL};
    return strchr("h.(TtiICArNafUdbmBM", *p) ? one_of(p, words) : NULL;
}

/* Words that every notice has one of, 32 at most: for each byte the words that have it first, second and third, as bits;
 * and where each word ends. A notice begins at most `lead` characters before its anchor, and what it begins with ends at
 * most `late` behind the anchor's beginning. */
typedef struct {
    const uint32_t *bytes; /* [3][256] */
    const uint8_t *words;
    const int32_t *ends;
    int32_t lead, late;
} Anchors;

/* The first anchor at `p` or behind it; `size` is its length. */
static Place next_anchor(const Text *t, const Anchors *a, Place p, int32_t *size)
{
    for (; p < t->end; p++) {
        uint32_t left = a->bytes[p[0]] & a->bytes[256 + p[1]];
        if (!left || !(left &= a->bytes[512 + p[2]]))
            continue;
        for (; left; left &= left - 1) {
            int word = __builtin_ctz(left), begin = word ? a->ends[word - 1] : 0;
            *size = a->ends[word] - begin;
            if (t->end - p >= *size && !memcmp(p, a->words + begin, (size_t)*size))
                return p;
        }
    }
    return NULL;
}

/* Where the first notice at `from` or behind it begins; `stop` is where it ends. */
static Place next_notice(const Text *t, const Anchors *a, Place from, Place *stop)
{
    int32_t size;
    Place anchor;
    for (; (anchor = next_anchor(t, a, from, &size)); from = anchor + size) {
        Place p = anchor - from > a->lead ? anchor - a->lead : from;
        Place limit = t->end - anchor > a->late ? anchor + a->late : t->end;
        while (p < limit) {
            Place next = beginning(p);
            if (next && next > limit)
                next = NULL;
            if (next && (*stop = notice(t, p)))
                return p;
            p = next ? next : p + 1;
        }
    }
    return NULL;
}

static inline int is_stop(uint8_t c) { return c == '.' || c == '?' || c == '!'; }

/* Whether what ends at `p` is a sentence. */
static int is_whole(const Text *t, Place p)
{
    p -= p > t->begin && is_blank(p[-1]);
    if (p - t->begin < 3 || !is_stop(p[-1]))
        return 0;
    if (p[-2] == ')' || p[-2] == ']')
        return is_small(p[-3]);
    return p - t->begin >= 5 && is_small(p[-2]) && is_small(p[-3]) && is_small(p[-4]) && is_small(p[-5]);
}

/* Where the half of a sentence at `p` ends; `p` where there is none. */
static Place behind_half(const Text *t, Place p)
{
    Place word = small_letters(p + (p < t->end && is_blank(*p)), 3, 40), end = p;
    if (!word || (*word != ' ' && *word != ','))
        return p;
    while (end < t->end && end - p < LONGEST_HALF && !is_stop(*end))
        end++;
    if (end == p || end == t->end || !is_stop(*end++))
        return p;
    Place next = end + (end < t->end && is_blank(*end));
    return next == t->end || (next > end && is_capital(*next)) ? end : p;
}

/* Whether white space is single blanks between words. */
VECTORISED
static int is_spaced(const uint8_t *text, int64_t length)
{
    uint8_t wrong = length > 0 && (is_blank(*text) || text[length - 1] == ' ');
    for (int64_t i = 1; i < length; i++) {
        uint8_t c = text[i], other = (c == BLANK) | ((uint8_t)(c - 9) < 5) | ((uint8_t)(c - 28) < 4);
        wrong |= (uint8_t)(other | ((c == ' ') & (text[i - 1] == ' ')));
    }
    return !wrong;
}

/* texts: `count` of them, each with a zero behind it. rows: for each notice the text's number, where it begins, and where
 * the text goes on behind it; only one, of places below zero, for a text whose white space is not single blanks between
 * words. Room for as many as there are texts and anchors. Returns the number of rows.
 */
int64_t find_notices(const uint8_t *texts, const int32_t *lengths, int32_t count, const Anchors *anchors, int32_t *rows)
{
    int64_t found = 0;
    for (int32_t number = 0; number < count; texts += lengths[number++] + 1) {
        const Text t = {texts, texts + lengths[number]};
        if (!is_spaced(texts, lengths[number])) {
            int32_t row[] = {number, -1, -1};
            memcpy(rows + 3 * found++, row, sizeof row);
            continue;
        }
        Place stop = texts, start;
        while ((start = next_notice(&t, anchors, stop, &stop))) {
            if (is_whole(&t, start))
                stop = behind_half(&t, stop);
            int32_t row[] = {number, (int32_t)(start - texts), (int32_t)(stop - texts)};
            memcpy(rows + 3 * found++, row, sizeof row);
        }
    }
    return found;
}
