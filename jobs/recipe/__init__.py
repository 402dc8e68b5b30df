"""The settings of one model: ``schema`` checks them, ``loading`` reads them, ``naming`` says which name a step."""

from jobs.recipe.corpus_choice import CorpusChoice, Filters
from jobs.recipe.loading import load_recipe, parse_recipe, recipe_names
from jobs.recipe.naming import runtime_settings, settings_of
from jobs.recipe.schema import MAX_UNKNOWN_SHARE, Architecture, Examples, InitialCheckpoint, Recipe
from jobs.recipe.training import Embedder, Precision, Schedule

__all__ = [
    "MAX_UNKNOWN_SHARE",
    "Architecture",
    "CorpusChoice",
    "Embedder",
    "Examples",
    "Filters",
    "InitialCheckpoint",
    "Precision",
    "Recipe",
    "Schedule",
    "load_recipe",
    "parse_recipe",
    "recipe_names",
    "runtime_settings",
    "settings_of",
]
