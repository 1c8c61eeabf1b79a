"""An entry to figures by unit: the keys, the computation and the words of one measure stand in one module.

A new measure is one new module of this room: a class of its keys (:class:`lifecircle.config.IndicatorEntry`) and a function that computes it
(:func:`.measure.measure`). It asks the district's facts (:mod:`.facts`) and returns figures (:mod:`.figures`); nothing here reads a file.
"""
