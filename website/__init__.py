"""The course as a site of static pages, whose panels answer without Python.

    python3 start.py site                 every lesson, into build/site
    python3 start.py site 02 03           these lessons

A lesson is executed once (`execute`), and in its kernel each panel is sent through the settings
that a page shall show (`ahead`). The notebook becomes a page (`page`) in which the same script that
draws a panel in JupyterLab draws it from these pictures (`web/pictures.js`). `building` puts the
pages together with a search, downloads and links; `moving_picture` takes the README's picture from
one of them.
"""
