"""The vocabulary of the built-in sample corpus: word lists and sentence frames, all of them written for it.

A frame's ``{slots}`` are filled by ``jobs.sample.papers``: first from what the paper is about (its virus, its
cohort), else from the lists here. Nothing that a frame says is a finding of anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """The subject matter of one kind of paper. ``subjects`` are fixed once per paper."""

    name: str
    subjects: Mapping[str, tuple[str, ...]]
    titles: tuple[str, ...]
    introduction: tuple[str, ...]
    methods: tuple[str, ...]
    results: tuple[str, ...]
    discussion: tuple[str, ...]


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split("|"))


WORDS: Mapping[str, tuple[str, ...]] = {
    "virus": _list("SARS-CoV-2|SARS-CoV|MERS-CoV|HCoV-229E|HCoV-OC43|HCoV-NL63|murine hepatitis virus|IBV"),
    "disease": _list("COVID-19|severe acute respiratory syndrome|viral pneumonia|coronavirus disease 2019"),
    "cells": _list("Vero E6|Calu-3|Huh7|HEK 293T|A549|Caco-2|primary bronchial epithelial"),
    "country": _list("China|Italy|Spain|Germany|South Korea|Singapore|France|Iran|Japan|the United Kingdom|Brazil"),
    "city": _list("Wuhan|Milan|Madrid|Munich|Seoul|Guangzhou|Lyon|Tehran|Osaka|London|Shenzhen|Zurich"),
    "name": _list("Chen|Wang|Müller|Rossi|García|Kim|Tanaka|Dubois|Ahmadi|Smith|Okafor|Novák|Silva|Li|Jansen"),
    "maker": _list("Qiagen|Roche|Thermo Fisher|Sigma-Aldrich|Promega|Bio-Rad|Merck"),
    "cytokine": _list("IL-6|TNF-α|IFN-γ|IL-1β|IL-10|CXCL10|IFN-β|IL-8|TGF-β"),
    "organ": _list("lung|kidney|heart|liver|spleen|intestine|nasal epithelium|trachea"),
    "symptom": _list("fever|dry cough|dyspnoea|fatigue|myalgia|anosmia|headache|diarrhoea"),
    "comorbidity": _list("hypertension|diabetes mellitus|obesity|chronic kidney disease|asthma|coronary heart disease"),
    "increase": _list("increased|rose|was elevated|was markedly higher|was upregulated"),
    "decrease": _list("decreased|fell|was reduced|was significantly lower|declined"),
    "strongly": _list("significantly|markedly|moderately|consistently|slightly|substantially"),
    "show": _list("show|suggest|indicate|demonstrate|confirm|support the view"),
    "earlier": _list("previous studies|earlier work|several reports|recent reviews|a number of groups"),
    "analysis": _list(
        "logistic regression|Cox regression|a two-sided t-test|the Mann-Whitney U test|one-way ANOVA|"
        "Fisher's exact test"
    ),
    "limitation": _list(
        "the small sample size|the retrospective design|the lack of a control group|incomplete follow-up|"
        "the short observation period|possible selection bias|missing laboratory data"
    ),
    "future": _list(
        "larger cohorts|prospective trials|animal models|longitudinal sampling|independent laboratories|"
        "primary human tissue"
    ),
    "software": _list("R version 3.6|GraphPad Prism 8|SPSS 25|Python 3.7|Stata 15"),
    "temperature": _list("4 °C|37 °C|56 °C|-80 °C|room temperature"),
    "dose": _list("5 μg|10 mg/kg|0.1 mg/ml|25 μM|200 mg|1.5 μM|100 ng/ml"),
}
"""Slots that vary from sentence to sentence."""

OPENERS = _list(
    "However,|In addition,|Moreover,|Notably,|In contrast,|Furthermore,|Interestingly,|As expected,|Taken together,|"
    "In this study,|To our knowledge,|Consistent with this,|By comparison,|Overall,|Importantly,"
)

CONNECTORS = _list("whereas|while|and|although|but|so that")

INTRODUCTION = _list(
    "coronaviruses are enveloped viruses with a large positive-sense RNA genome of about {kb} kb|"
    "the outbreak of {disease} was first reported in {city} and spread rapidly to other countries|"
    "{earlier} have described the role of {virus} in respiratory infection {cite}|"
    "the genome of {virus} encodes the spike (S), envelope (E), membrane (M) and nucleocapsid (N) proteins|"
    "{name} et al. reported similar findings in {n} patients from {city}|"
    "common symptoms of {disease} include {symptom}, {symptom} and {symptom} {cite}|"
    "little is known, however, about how {virus} affects the {organ}|"
    "bats are thought to be the natural reservoir of many coronaviruses, e.g. of the genera Alpha- and Betacoronavirus|"
    "the World Health Organization declared a pandemic in March 2020|"
    "in {year}, {country} reported more than {n} confirmed cases of {disease}|"
    "there is an urgent need for data on {focus}|"
    "this paper examines {focus} in {setting}"
)
METHODS = _list(
    "data were analysed with {software} and {analysis}|"
    "a P value below 0.05 was considered statistically significant|"
    "RNA was extracted with a commercial kit ({maker}) according to the manufacturer's instructions|"
    "samples were stored at {temperature} until use|"
    "{cells} cells were maintained in DMEM with 10% fetal bovine serum at 37 °C and 5% CO2|"
    "the study was approved by the ethics committee of the university hospital in {city} (no. {n})|"
    "written informed consent was obtained from all participants|"
    "all experiments were performed in triplicate and repeated at least {few} times|"
    "primers and probes targeted the {gene} gene of {virus}|"
    "values are given as mean ± s.d. unless stated otherwise|"
    "reactions contained {few} μl of template in a final volume of 25 μl"
)
RESULTS = _list(
    "the median age was {age} years and {pct}% of participants were male|"
    "the level of {cytokine} {increase} {fold}-fold compared with the control group (P < {p})|"
    "there was no difference between the two groups (P = 0.{pp})|"
    "as shown in Fig. {fig}, {focus} {decrease} after {few} days|"
    "the results are summarised in Table {fig}|"
    "{pct}% of the samples from {setting} were positive|"
    "the odds ratio was {ratio} (95% CI {lower}-{upper})|"
    "{comorbidity} was the most frequent comorbidity ({pct}%), followed by {comorbidity} ({pct}%)|"
    "a similar pattern was seen in the {organ} (Fig. {fig}{panel})|"
    "we observed {strongly} higher values in {setting} than in controls|"
    "expression of {gene} {decrease} within {hours} h p.i. (Fig. {fig}{panel})"
)
DISCUSSION = _list(
    "these findings {show} that {focus} deserves further study|"
    "our results agree with those of {name} et al. {cite}, who studied {n} cases in {country}|"
    "one limitation of this study is {limitation}|"
    "another limitation is {limitation}|"
    "it remains to be seen whether the same holds in {future}|"
    "{earlier} came to different conclusions, possibly because of {limitation}|"
    "future work should confirm these observations in {future}|"
    "in conclusion, {focus} is {strongly} associated with the outcome of {disease}|"
    "the mechanism is still unclear, i.e. neither {cytokine} nor {cytokine} explains it fully|"
    "these data may help to prepare for the next outbreak"
)

TOPICS = (
    Topic(
        name="entry",
        subjects={
            "virus": _list("SARS-CoV-2|SARS-CoV|MERS-CoV|HCoV-NL63"),
            "receptor": _list("ACE2|DPP4|aminopeptidase N|CEACAM1"),
            "protease": _list("TMPRSS2|furin|cathepsin L|trypsin"),
            "focus": _list("receptor binding|membrane fusion|spike cleavage|cell tropism"),
            "setting": _list("infected cell cultures|pseudotyped particles|airway organoids"),
            "gene": _list("spike|TMPRSS2|ACE2"),
        },
        titles=_list(
            "Structural basis of {receptor} recognition by the {virus} spike protein|"
            "{protease} primes the spike protein of {virus} for {focus}|"
            "Role of {receptor} and {protease} in {focus} of {virus}"
        ),
        introduction=_list(
            "entry of {virus} begins with binding of the spike glycoprotein to {receptor} on the cell surface {cite}|"
            "the S1 subunit holds the receptor-binding domain, whereas S2 drives {focus}|"
            "cleavage by {protease} exposes the fusion peptide of the spike protein|"
            "{receptor} is expressed on type II pneumocytes and on enterocytes of the small intestine|"
            "each spike monomer changes between an open and a closed conformation"
        ),
        methods=_list(
            "the ectodomain of the spike protein was expressed in {cells} cells and purified on a nickel column|"
            "binding to {receptor} was measured by surface plasmon resonance at 25 °C|"
            "cryo-EM images were recorded at 300 kV and processed to a resolution of {ratio} Å|"
            "pseudotyped particles carrying the spike of {virus} were added to {cells} cells for {hours} h|"
            "a {protease} inhibitor was used at {dose}"
        ),
        results=_list(
            "the spike protein of {virus} bound {receptor} with a dissociation constant of {ratio} nM|"
            "blocking {protease} lowered entry into {cells} cells by {pct}%|"
            "mutation of residue {residue} abolished binding to {receptor} (Fig. {fig}{panel})|"
            "antibodies against {receptor} {strongly} inhibited {focus} in {cells} cells|"
            "α-helices of the S2 subunit form a six-helix bundle after fusion|"
            "entry required {protease} in {cells} cells but not in {cells} cells"
        ),
        discussion=_list(
            "the affinity for {receptor} may explain the transmissibility of {virus}|"
            "inhibitors of {protease} are therefore candidates for treatment|"
            "differences in the receptor-binding domain determine which hosts {virus} can infect|"
            "the structure of the complex with {receptor} offers a template for vaccine design"
        ),
    ),
    Topic(
        name="antivirals",
        subjects={
            "virus": _list("SARS-CoV-2|MERS-CoV|SARS-CoV"),
            "drug": _list("remdesivir|chloroquine|lopinavir|ribavirin|favipiravir|camostat|nitazoxanide|interferon-β"),
            "target": _list("the RNA-dependent RNA polymerase|the main protease|the papain-like protease|the helicase"),
            "focus": _list("antiviral activity|drug resistance|combination therapy|viral replication"),
            "setting": _list("treated cell cultures|hospitalised patients|infected hamsters"),
            "gene": _list("nsp12|nsp5|ORF1ab"),
        },
        titles=_list(
            "{drug} inhibits {virus} replication in vitro|"
            "A randomised trial of {drug} in adults with {disease}|"
            "Screening of approved drugs against {target} of {virus}"
        ),
        introduction=_list(
            "no specific antiviral treatment has been approved for infection with {virus}|"
            "{drug} acts on {target}, which is conserved among coronaviruses {cite}|"
            "repurposing of approved drugs is the fastest way to a treatment|"
            "in animal models, {drug} given early reduced viral titres in the {organ}|"
            "nsp12 forms the polymerase together with its cofactors nsp7 and nsp8"
        ),
        methods=_list(
            "{cells} cells were infected with {virus} at an MOI of 0.0{few} in the presence of {drug}|"
            "the half-maximal effective concentration (EC50) was calculated by non-linear regression|"
            "patients received {drug} at {dose} i.v. once daily for {days} days|"
            "cytotoxicity was measured with a luminescence assay ({maker})|"
            "docking against {target} was carried out with {n} compounds"
        ),
        results=_list(
            "{drug} inhibited {virus} with an EC50 of {ratio} μM and a CC50 above 100 μM|"
            "viral RNA in the supernatant {decrease} by {few} log10 units at {dose}|"
            "time to recovery was {days} days with {drug} and {age} days with placebo (P = 0.{pp})|"
            "adverse events were reported in {pct}% of patients given {drug}|"
            "combining {drug} with {cytokine} blockade had no additional effect|"
            "passage in the presence of {drug} selected a mutation in {target}"
        ),
        discussion=_list(
            "{drug} should be tested early in the course of {disease}|"
            "the selectivity index of {drug} compares well with that of other inhibitors|"
            "resistance to {drug} came at a cost in viral fitness|"
            "these results do not support the use of {drug} outside clinical trials"
        ),
    ),
    Topic(
        name="epidemiology",
        subjects={
            "region": _list("Hubei|Lombardy|Bavaria|Catalonia|Ontario|Gujarat|New York State|Île-de-France"),
            "measure": _list("school closure|travel restrictions|contact tracing|social distancing|mask wearing"),
            "model": _list(
                "stochastic SEIR model|branching process|renewal equation|compartmental model|Bayesian model"
            ),
            "focus": _list("the reproduction number|the epidemic growth rate|transmission in households"),
            "setting": _list("households|nursing homes|hospitals|schools|prisons"),
            "gene": _list("E|N|RdRp"),
        },
        titles=_list(
            "Effect of {measure} on the spread of {disease} in {region}|"
            "Estimating {focus} of {disease} in {region}: a {model}|"
            "{measure} and transmission of {virus} in {setting}"
        ),
        introduction=_list(
            "{measure} was introduced in {region} in {month} 2020|"
            "the basic reproduction number R0 of {disease} was estimated at {ratio} {cite}|"
            "the incubation period has a median of {few} days|"
            "pre-symptomatic transmission makes {measure} less effective|"
            "mathematical models help to compare interventions before they are tried"
        ),
        methods=_list(
            "we fitted a {model} to daily case counts from {region} between January and {month} 2020|"
            "the serial interval was assumed to follow a gamma distribution with a mean of {ratio} days|"
            "contacts between age groups were taken from a survey of {n} people|"
            "reporting delays were corrected by back-calculation|"
            "posterior distributions were sampled by Markov chain Monte Carlo with {few} chains"
        ),
        results=_list(
            "the {model} estimated R0 at {ratio} (95% CrI {lower}-{upper}) before {measure}|"
            "after {measure}, the effective reproduction number fell below 1 in {region}|"
            "the doubling time of cases in {region} rose from {few} to {days} days|"
            "about {pct}% of infections were undocumented|"
            "the secondary attack rate in {setting} was {pct}%|"
            "without {measure}, {n} more deaths would have occurred by {month}"
        ),
        discussion=_list(
            "{measure} alone cannot stop the epidemic in {region}|"
            "a second wave is likely if {measure} is lifted too early|"
            "the {model} does not account for differences between {setting}|"
            "seroprevalence surveys are needed to check the estimates for {region}"
        ),
    ),
    Topic(
        name="clinical",
        subjects={
            "disease": _list("COVID-19|COVID-19 pneumonia"),
            "hospital": _list(
                "a tertiary hospital|an intensive care unit|three district hospitals|a children's hospital"
            ),
            "marker": _list("D-dimer|C-reactive protein|ferritin|lactate dehydrogenase|troponin|procalcitonin"),
            "complication": _list(
                "acute respiratory distress syndrome|acute kidney injury|thromboembolism|septic shock"
            ),
            "focus": _list("mortality|disease severity|length of stay|need for ventilation"),
            "setting": _list("critically ill patients|older patients|pregnant women|patients with cancer"),
            "gene": _list("E|N|ORF1ab"),
        },
        titles=_list(
            "Clinical features of {setting} with {disease} in {city}|"
            "{marker} as a predictor of {focus} in {disease}|"
            "Risk factors for {complication} in {setting} with {disease}: a cohort study"
        ),
        introduction=_list(
            "most patients with {disease} have mild symptoms, but some develop {complication}|"
            "{marker} is often raised in severe infection {cite}|"
            "older age and {comorbidity} are known risk factors for {focus}|"
            "bilateral ground-glass opacities are the typical finding on chest CT|"
            "data on {setting} with {disease} are scarce"
        ),
        methods=_list(
            "we retrospectively reviewed the records of {n} patients admitted to {hospital} in {city}|"
            "severity was graded on admission by respiratory rate, oxygen saturation and PaO2/FiO2|"
            "{marker} was measured on days 1, 3 and 7|"
            "the primary end point was {focus} at {days} days|"
            "patients under 18 years of age and those transferred elsewhere were excluded"
        ),
        results=_list(
            "{symptom} ({pct}%) and {symptom} ({pct}%) were the most common symptoms at onset|"
            "{marker} was higher in non-survivors than in survivors ({n} vs. {age} μg/l, P < {p})|"
            "{complication} occurred in {pct}% of {setting}|"
            "{few} patients needed invasive ventilation, and {few} died|"
            "in multivariable analysis, {marker} and {comorbidity} predicted {focus}|"
            "lymphocyte counts on admission were below 1.0 × 10^9/l in {pct}% of patients"
        ),
        discussion=_list(
            "{marker} on admission may help to identify {setting} at risk|"
            "the rate of {complication} was higher than in earlier reports from {country}|"
            "early anticoagulation should be considered when {marker} is raised|"
            "whether {complication} is caused by the virus itself or by the immune response is not known"
        ),
    ),
    Topic(
        name="vaccines",
        subjects={
            "platform": _list("mRNA|adenovirus-vectored|inactivated|DNA|protein subunit|live attenuated"),
            "animal": _list("BALB/c mice|rhesus macaques|Syrian hamsters|ferrets|rabbits"),
            "adjuvant": _list("alum|MF59|CpG|a saponin adjuvant"),
            "focus": _list("neutralising antibody titre|protection against challenge|T cell response"),
            "setting": _list("vaccinated animals|healthy volunteers|older volunteers"),
            "gene": _list("spike|nucleocapsid"),
        },
        titles=_list(
            "{platform} vaccination against {virus} protects {animal}|"
            "Immunogenicity of {platform} vaccines with {adjuvant} in {animal}|"
            "{focus} after {platform} vaccination against {virus}"
        ),
        introduction=_list(
            "vaccination is the most effective way to control {disease}|"
            "{platform} vaccines can be produced quickly once a sequence is known {cite}|"
            "most candidates use the spike protein in its prefusion conformation|"
            "enhanced disease after vaccination was seen with some earlier candidates against {virus}|"
            "the duration of immunity after infection is unknown"
        ),
        methods=_list(
            "{animal} were immunised i.m. with {dose} of vaccine on days 0 and {days}|"
            "the antigen was adsorbed to {adjuvant} before injection|"
            "neutralising antibodies were titrated on {cells} cells|"
            "animals were challenged intranasally with 10^5 PFU of {virus}|"
            "T cells secreting {cytokine} were counted by ELISpot"
        ),
        results=_list(
            "one dose of the {platform} vaccine induced antibodies in {pct}% of {animal}|"
            "neutralising titres reached 1:{n} after the second dose|"
            "no viral RNA was found in the {organ} of vaccinated {animal} after challenge|"
            "{adjuvant} raised the titre {fold}-fold (P < {p})|"
            "the response was dominated by Th1 cells secreting {cytokine}|"
            "local pain was the most frequent reaction among {setting}"
        ),
        discussion=_list(
            "the {platform} vaccine protected {animal} from disease but not always from infection|"
            "{adjuvant} allows a lower dose of antigen|"
            "a correlate of protection has not been established|"
            "phase III trials will have to show whether the vaccine works in {setting}"
        ),
    ),
    Topic(
        name="diagnostics",
        subjects={
            "assay": _list("real-time PCR|LAMP assay|sandwich ELISA|lateral flow test|CRISPR-based assay|nested PCR"),
            "specimen": _list("nasopharyngeal swabs|saliva|sputum|stool|serum|bronchoalveolar lavage fluid"),
            "focus": _list("diagnostic sensitivity|limit of detection|turnaround time|viral load"),
            "setting": _list("symptomatic patients|asymptomatic contacts|health care workers"),
            "gene": _list("N|E|RdRp|ORF1ab"),
        },
        titles=_list(
            "Evaluation of a {assay} for detection of {virus} in {specimen}|"
            "{focus} of {assay} in {setting}|"
            "Rapid detection of {virus} by {assay}: a comparison of {specimen} from {setting}"
        ),
        introduction=_list(
            "early diagnosis of {disease} is needed to interrupt transmission|"
            "real-time RT-PCR on {specimen} is the reference method {cite}|"
            "false-negative results occur when sampling is poor or too early|"
            "a {assay} can be performed outside a central laboratory|"
            "reagents were in short supply in {country} in {month} 2020"
        ),
        methods=_list(
            "{specimen} were collected from {n} {setting} in {city}|"
            "the {assay} was run at 60 °C for {age} min|"
            "serial tenfold dilutions of RNA from {virus} served as the standard|"
            "cross-reactivity was tested with influenza A, RSV and four seasonal coronaviruses|"
            "a cycle threshold (Ct) below 37 was taken as positive"
        ),
        results=_list(
            "the {assay} had a sensitivity of {pct}% and a specificity of 9{few}.{few}%|"
            "the limit of detection was {age} copies per μl for the {gene} gene|"
            "agreement with the reference method was good (κ = 0.{pp})|"
            "{specimen} gave lower Ct values than throat swabs ({ratio} cycles, P < {p})|"
            "viral load in {specimen} peaked on day {few} after onset|"
            "no cross-reaction with other respiratory viruses was seen"
        ),
        discussion=_list(
            "the {assay} is suited to screening of {setting}|"
            "a negative result in {specimen} does not exclude infection|"
            "pooling of {specimen} would save reagents when prevalence is low|"
            "the {gene} gene is a robust target, since it is hardly mutated"
        ),
    ),
    Topic(
        name="immunology",
        subjects={
            "subset": _list("CD8+ T cells|CD4+ T cells|NK cells|B cells|monocytes|neutrophils|γδ T cells"),
            "pathway": _list("NF-κB|JAK/STAT|the inflammasome|type I interferon signalling|mTOR"),
            "cytokine": _list("IL-6|TNF-α|IFN-γ|IL-1β|CXCL10"),
            "focus": _list("the interferon response|T cell exhaustion|cytokine release|antibody kinetics"),
            "setting": _list("convalescent patients|severe cases|infected mice"),
            "gene": _list("ISG15|IFITM3|MX1|STAT1"),
        },
        titles=_list(
            "{subset} in {setting} with {disease}|"
            "{virus} suppresses {pathway} in {cells} cells|"
            "{cytokine} and {focus} in {setting}"
        ),
        introduction=_list(
            "the innate immune response to {virus} depends on {pathway} {cite}|"
            "{subset} are the main source of {cytokine} in the {organ}|"
            "an excess of {cytokine} is a hallmark of severe {disease}|"
            "nsp1 and ORF6 of {virus} interfere with {pathway}|"
            "lymphopenia is common in {setting}"
        ),
        methods=_list(
            "{subset} were isolated from peripheral blood by density gradient|"
            "cells were stained for PD-1, CD38 and HLA-DR and analysed by flow cytometry|"
            "serum {cytokine} was measured by ELISA ({maker})|"
            "IgG and IgM against the nucleocapsid protein were measured weekly for {days} weeks|"
            "an inhibitor of {pathway} was added at {dose}"
        ),
        results=_list(
            "the frequency of {subset} {decrease} in {setting} (P < {p})|"
            "{subset} of {setting} secreted {fold}-fold more {cytokine} than those of healthy donors|"
            "transcription of {gene} {increase} {hours} h after infection|"
            "inhibition of {pathway} lowered {cytokine} by {pct}%|"
            "β-coronavirus-specific IgG was still detectable after {days} weeks|"
            "PD-1 was expressed on {pct}% of {subset}"
        ),
        discussion=_list(
            "{virus} appears to delay {focus} by blocking {pathway}|"
            "{subset} may serve as a marker of recovery|"
            "blockade of {cytokine} could benefit {setting}|"
            "memory {subset} from earlier infections with seasonal coronaviruses might be protective"
        ),
    ),
    Topic(
        name="evolution",
        subjects={
            "host": _list("horseshoe bats|pangolins|palm civets|dromedary camels|mink|pigs|domestic cats"),
            "lineage": _list("lineage A|lineage B|lineage B.1|clade 2c|sarbecoviruses"),
            "focus": _list("recombination|the substitution rate|host switching|codon usage"),
            "setting": _list("live animal markets|farm workers|wildlife traders"),
            "gene": _list("spike|ORF8|ORF1ab|nucleocapsid"),
        },
        titles=_list(
            "Coronaviruses of {host} and the origin of {virus}|"
            "Evidence for {focus} in the {gene} gene of {virus}|"
            "Phylogenetic analysis of {lineage} sampled from {host} in {country}"
        ),
        introduction=_list(
            "{host} carry a wide variety of coronaviruses {cite}|"
            "the closest known relative of {virus} shares {pct}% of its genome|"
            "{focus} between related coronaviruses is frequent|"
            "R. sinicus and R. affinis are regarded as important reservoirs|"
            "spill-over from {host} to humans needs close contact"
        ),
        methods=_list(
            "rectal swabs were taken from {n} {host} in {country}|"
            "complete genomes were sequenced and aligned with MAFFT|"
            "a maximum likelihood tree was computed under the GTR + Γ model with 1000 bootstrap replicates|"
            "divergence times were estimated with a relaxed molecular clock|"
            "dN/dS was calculated for each codon of the {gene} gene"
        ),
        results=_list(
            "sequences from {host} formed a sister group of {lineage} (bootstrap {pct}%)|"
            "the substitution rate was {ratio} × 10^-4 per site per year|"
            "a breakpoint was found at nucleotide {n} of the {gene} gene|"
            "{pct}% of {host} were positive for coronavirus RNA|"
            "the most recent common ancestor of {lineage} dates to {year}|"
            "positive selection was detected at codon {residue} of the {gene} gene"
        ),
        discussion=_list(
            "{host} are more likely an intermediate host than the reservoir of {virus}|"
            "{focus} may have created the {gene} gene of {lineage}|"
            "surveillance of {host} should be extended in {country}|"
            "the origin of {lineage} cannot be settled with the sequences at hand"
        ),
    ),
)

FOREIGN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "es": (
        "Características clínicas de los pacientes con infección por coronavirus en {city}",
        _list(
            "Se incluyeron {n} pacientes ingresados en un hospital de {city} entre marzo y mayo de 2020.|"
            "La edad media fue de {age} años y el {pct}% eran varones.|"
            "Los síntomas más frecuentes fueron la fiebre y la tos seca ({pct}%).|"
            "El diagnóstico se confirmó mediante PCR en muestras nasofaríngeas.|"
            "La mortalidad fue mayor en los pacientes con hipertensión arterial o diabetes.|"
            "No se observaron diferencias entre los dos grupos (p = 0,{pp}).|"
            "Todos los pacientes recibieron oxígeno y tratamiento de soporte.|"
            "Este estudio tiene varias limitaciones, entre ellas el reducido número de casos.|"
            "Son necesarios más estudios para confirmar estos resultados.|"
            "La radiografía de tórax mostró opacidades bilaterales en el {pct}% de los casos."
        ),
    ),
    "de": (
        "Verlauf der Coronavirus-Erkrankung bei älteren Patienten in {city}",
        _list(
            "In diese Untersuchung wurden {n} Patienten aus {city} eingeschlossen.|"
            "Das mittlere Alter betrug {age} Jahre, und {pct} % waren Männer.|"
            "Fieber und trockener Husten waren die häufigsten Beschwerden.|"
            "Der Nachweis des Virus erfolgte durch PCR aus einem Nasenabstrich.|"
            "Bluthochdruck und Diabetes gingen mit einem schwereren Verlauf einher.|"
            "Zwischen den Gruppen fand sich kein Unterschied (p = 0,{pp}).|"
            "Alle Patienten wurden über den Zweck der Studie aufgeklärt.|"
            "Die kleine Zahl der Fälle schränkt die Aussagekraft ein.|"
            "Weitere Untersuchungen müssen diese Ergebnisse bestätigen.|"
            "In der Bildgebung zeigten sich bei {pct} % beidseitige Verschattungen."
        ),
    ),
}
"""A title and the sentences of a paper that is not English, by language."""
