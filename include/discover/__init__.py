"""Discover: find the media of one day of the lake, read their headers, and write a manifest.

Each source sets its discovery method (:mod:`include.discover.listing`). From there on all objects are treated
alike (:mod:`include.discover.discovery`): the content decides what an object is, never its name, and ranged
requests read no more than the headers. The manifest has every object that is media or is named like media,
with the reason if it cannot be used. Other objects are counted and left out.
"""
