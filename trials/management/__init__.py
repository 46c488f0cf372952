"""Commands of the ground floor: each parses, calls one domain function and says a sentence."""
