"""What a paper has around its text, among its sentences: headings, contents, names, who paid and who wrote."""

from __future__ import annotations

import pytest

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.cleaning.junk import are_junk
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.paragraph import Paragraph

STATEMENTS = (
    "The authors declare that they have no competing interests.",
    "The author(s) declare(s) that there is no conflict of interest regarding the publication of this paper.",
    "All authors report no relevant conflicts of interest, financial or otherwise.",
    "No potential conflict of interest was reported by the authors.",
    "None declared",
    "This work was supported by US NIH grants GM110748 and AI145883.",
    "This study was supported in part by the K.C. Wong Magna Fund in Ningbo University.",
    "This research received no external funding.",
    "This work was not funded.",
    "The funders had no role in study design, data collection and analysis, or the decision to publish.",
    "The sponsor of the study did not participate in writing the report.",
    "We would like to thank Anna Berg for her comments.",
    "We are also grateful to the staff of the laboratory for their help.",
    "Authors acknowledge the members of the consortium for their support.",
    "All authors read and approved the final manuscript.",
    "The corresponding author had full access to all the data in the study.",
    "The data are available from the corresponding author upon reasonable request.",
    "Correspondence to Anna Berg or Li Wu.",
    "* Corresponding author",
    "These authors contributed equally to this work.",
    "Running title: Bats of the south",
    "Keywords: coronavirus, bats, virus inactivation by high temperature",
    "Abbreviations: WBC, white blood cell.",
    "Word count: 3166",
    "H.Z., J.Z., and S.L. revised the manuscript.",
    "JT, LBB, and JS wrote the paper, with edits from all authors.",
    "DEO: conceptualization, investigation, data curation.",
    "Author Contributions: XZ designed the experiments.",
)
SENTENCES = (
    "The authors declare a conflict with earlier data.",
    "We report no change in the rate of infection.",
    "This work was supported by the finding that mice survive.",
    "This is supported by our data on bats.",
    "The funding of public health fell.",
    "We acknowledge several limitations of the study.",
    "We acknowledge that members of the clade differ.",
    "All patients read and approved the form.",
    "All authors who studied bats found the virus in them.",
    "If necessary, we also contacted the corresponding author to obtain accurate data.",
    "Keywords were used to search the manuscript database.",
    "Running these titles took a day.",
    "WHO and CDC designed the study.",
    "DNA and RNA contributed equally.",
    "RESULTS: The data suggest that half of the workers stay.",
    "PCR wrote nothing, and no conflict arose.",
    "There is no conflict in the data.",
    "No competing ligand was found.",
    "Both variants contributed equally to the spread.",
)


@pytest.mark.parametrize("sentence", STATEMENTS)
def test_what_papers_say_about_themselves_is_junk(sentence: str) -> None:
    assert are_junk([sentence]) == [True]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_they_say_in_such_words_about_their_subject_stays(sentence: str) -> None:
    assert are_junk([sentence], paged=0) == [False]


ENTRIES = (
    "PLoS Negl. Trop. Dis., 9, e0003511.",
    "Vet. Immunol. Immunopathol., 143, 338-346.",
    "Proceedings of the National Academy of Sciences 108:14590-14595.",
    "Ahlgren, N. A., et al. (2016) .",
    "Balcan et al.",
    "Harrington, L.C., Scott, T.W., Lerdthusnee, K., Coleman, R.C., Costero, A., Clark, G.G., et al. 452 (2005) .",
    "Li L, Yin Q, Kuss P, Maliga Z, Millan JL, Wu H, Mitchison TJ.",
)
DEBRIS = (
    "3.1.2 Forecast horizon of 6 weeks 27",
    "Page 14 of 29",
    "Scale bars = 10 μm.",
    "Peptide Purification by HPLC.",
    "CellTiter-Glo Luminescent Cell Viability Assay.",
    "Hospital of Xi'an Medical College.",
    "European Centre for Disease Prevention and Control.",
    "Department of Occupational and Environmental Health, School of Public Health, Wuhan, Hubei, China.",
    "Bat SARSr-CoV Longquan-140",
    "Acinetobacter johnsonii --6 29391",
    "Calculation of transmission distances and times.",
    "Preparation of mononucleosomes with recombinant human octamers.",
    "In contrast,",
    "As shown in Fig 4B,",
    "The smallest",
    "We employed",
)
KEPT = (
    "Clean hands.",
    "Wearing a protective mask.",
    "Mice were bled at 3.1 Weeks on average, and on day 27.",
    "Page numbers are given.",
    "Scale bars are in μm.",
    "Cells were harvested",
    "Bats host many of these viruses",
    "Calculation of the rate requires a model.",
    "Isolation of patients reduces transmission.",
    "The World Health Organization declared a pandemic.",
    "Plasmodium falciparum in Africa.",
    "It was seen in Wuhan, Hubei, China, and in Seoul, South Korea, and in Daegu, South Korea, and in Rome, Italy.",
)


@pytest.mark.parametrize("sentence", ENTRIES)
def test_halves_of_a_bibliography_are_junk(sentence: str) -> None:
    assert are_junk([sentence]) == [True]


@pytest.mark.parametrize("sentence", DEBRIS)
def test_headings_labels_and_stubs_are_junk_of_pages_alone(sentence: str) -> None:
    assert are_junk([sentence, sentence], paged=1) == [False, True]


@pytest.mark.parametrize("sentence", KEPT)
def test_what_looks_alike_and_says_something_stays(sentence: str) -> None:
    assert are_junk([sentence], paged=0) == [False]


@pytest.mark.parametrize("title", ["Tracking COVID-19 in South Korea", "A New Virus of Bats", "Bats of the south"])
def test_a_title_stays_in_whatever_words(title: str) -> None:
    body = (Paragraph("The bats were caught at dawn."), Paragraph("Cell Lines and Media"))
    paper = Document("u1", title, (), body, "pdf_json", "cc0", "2020", "")
    assert document_sentences(paper, ["title", "abstract", "body"]) == [title, "The bats were caught at dawn."]
