"""What software really sends when something is exposed, shortened, for the faults of exposure.

All values are made up.
"""

from __future__ import annotations

import json

DOTENV = """APP_NAME="Brightside Portal"
APP_ENV=production
APP_KEY=base64:c2l4dGVlbiBieXRlcyBvZiBub3RoaW5nIGF0IGFsbA==
DATABASE_URL=postgresql://portal:correct-horse@db.internal:5432/portal
MAIL_PASSWORD='battery staple'
"""
AWS = """[default]
aws_access_key_id = AKIAEXAMPLEEXAMPLE12
aws_secret_access_key = made/up/for/the/lab/not/a/real/key+0123
"""
GIT_CONFIG = """[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
[remote "origin"]
\turl = https://deploy:glpat-madeupforthelab@git.mailer.example/brightside/portal.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
"""
SQLITE = b"SQLite format 3\x00\x10\x00\x01\x01\x00\x40\x20\x20" + b"\x00" * 80
DUMP = """--
-- PostgreSQL database dump
--
SET statement_timeout = 0;
CREATE TABLE public.clients (id integer NOT NULL, email text);
COPY public.clients (id, email) FROM stdin;
"""
WP_CONFIG = """<?php
define( 'DB_NAME', 'brightside' );
define( 'DB_USER', 'wp' );
define( 'DB_PASSWORD', 'made-up-for-the-lab' );
"""
PHPINFO = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head>
<title>PHP 8.1.2 - phpinfo()</title><meta name="ROBOTS" content="NOINDEX,NOFOLLOW,NOARCHIVE" /></head>
<body><div class="center"><h1 class="p">PHP Version 8.1.2</h1></div></body></html>"""
WERKZEUG_CONSOLE = """<!doctype html>
<html lang=en>
  <head>
    <title>Console // Werkzeug Debugger</title>
    <script>
      var CONSOLE_MODE = true,
          EVALEX = true,
          EVALEX_TRUSTED = false,
          SECRET = "madeupforthelab";
    </script>
  </head>
  <body><h1>Interactive Console</h1></body>
</html>"""
WERKZEUG_DEBUGGER = """<!doctype html>
<html lang=en>
  <head>
    <title>TypeError: view did not return // Werkzeug Debugger</title>
    <script>
      var CONSOLE_MODE = false,
          EVALEX = true,
          EVALEX_TRUSTED = false;
    </script>
  </head>
  <body><h1>TypeError</h1></body>
</html>
<!--

Traceback (most recent call last):
  File "/srv/portal/venv/lib/python3.11/site-packages/flask/app.py", line 1478, in __call__
    return self.wsgi_app(environ, start_response)
TypeError: view did not return

-->"""
TELESCOPE = """<!DOCTYPE html><html lang="en"><head><title>Telescope - Brightside</title>
<link href="/vendor/telescope/app.css" rel="stylesheet"></head><body><div id="telescope" v-cloak></div></body></html>"""
DJANGO_404 = """<!DOCTYPE html>
<html lang="en"><head><title>Page not found at /x</title></head>
<body><div id="summary"><h1>Page not found <span>(404)</span></h1></div>
<div id="info"><p>Using the URLconf defined in <code>portal.urls</code>, Django tried these URL patterns:</p>
<ol><li><code>admin/</code></li><li><code>invoices/&lt;int:pk&gt;/</code></li></ol></div>
<div id="explanation"><p>
    You’re seeing this error because you have <code>DEBUG = True</code> in
    your Django settings file. Change that to <code>False</code>, and Django
    will display a standard 404 page.
</p></div></body></html>"""
RAILS_404 = """<!DOCTYPE html><html lang="en"><head><title>Action Controller: Exception caught</title></head>
<body><header role="banner"><h1>Routing Error</h1></header><h2>No route matches [GET] &quot;/x&quot;</h2>
<p><code>Rails.root: /srv/portal</code></p></body></html>"""
RAILS_ROUTES = """<!DOCTYPE html><html><head><title>Ruby on Rails</title></head><body><h2>Routes</h2>
<p>Routes match in priority from top to bottom</p><table id="route_table"></table></body></html>"""
LARAVEL_500 = """<!doctype html><html class="theme-light"><head><title>🧨 Undefined variable $client</title></head>
<body><div id="app"></div><script>window.data = {"report":{"notifier":"Laravel Client","language":"PHP"}};</script>
<script>window.ignite(window.data);</script></body></html>"""
NEXT_DEV = """<script src="/_next/static/development/_buildManifest.js" defer></script>
<script id="__NEXT_DATA__" type="application/json">{"props":{},"page":"/","buildId":"development"}</script>"""
NEXT_BUILT = """<script src="/_next/static/kf93mZ/_buildManifest.js" defer></script>
<script id="__NEXT_DATA__" type="application/json">{"props":{},"page":"/","buildId":"kf93mZ"}</script>"""
SERVER_STATUS = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Apache Status</title></head><body>
<h1>Apache Server Status for www.brightside.example (via 10.0.0.4)</h1></body></html>"""
METRICS = """# HELP http_requests_total Requests by path.
# TYPE http_requests_total counter
http_requests_total{path="/login"} 1027
"""
EXPRESS_404 = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Error</title></head><body>
<pre>NotFoundError: Not Found<br> &nbsp; &nbsp;at /srv/api/app.js:27:8<br> &nbsp; &nbsp;at Layer.handle\
 [as handle_request] (/srv/api/node_modules/express/lib/router/layer.js:95:5)</pre>
</body></html>"""
TOMCAT_500 = """<!doctype html><html lang="en"><head><title>HTTP Status 500 – Internal Server Error</title></head><body>
<h1>HTTP Status 500 – Internal Server Error</h1><p><b>Exception</b></p><pre>java.lang.NullPointerException
\tat com.brightside.portal.ClientController.show(ClientController.java:42)
\tat javax.servlet.http.HttpServlet.service(HttpServlet.java:634)
</pre></body></html>"""
PHP_WARNING = (
    "<br />\n<b>Warning</b>:  Undefined variable $client in <b>/var/www/portal/index.php</b> on line <b>12</b><br />\n"
)
DJANGO_ADMIN = """<!DOCTYPE html><html lang="en-us"><head><title>Site administration | Django site admin</title></head>
<body class="dashboard"><div id="user-tools">Welcome, <strong>admin</strong>.</div>
<div id="content-main"><table><caption>Clients</caption></table></div></body></html>"""
PHPMYADMIN = """<!doctype html><html lang="en"><head><title>phpMyAdmin</title></head>
<body id="loginform"><form method="post" id="login_form"><input type="text" name="pma_username" id="input_username">
<input type="password" name="pma_password" id="input_password"></form></body></html>"""
NGINX_INDEX = """<html>
<head><title>Index of /uploads/</title></head>
<body>
<h1>Index of /uploads/</h1><hr><pre><a href="../">../</a>
<a href="contract-2026.pdf">contract-2026.pdf</a>          01-Nov-2026 09:12     84211
</pre><hr></body>
</html>"""
BUCKET = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>brightside-media</Name>
<Contents><Key>clients/contract-2026.pdf</Key></Contents></ListBucketResult>"""


def actuator(*endpoints: str) -> str:
    """The list of a Spring actuator's endpoints."""
    links = {name: {"href": f"/actuator/{name}", "templated": False} for name in ("self", *endpoints)}
    return json.dumps({"_links": links})


def actuator_env(value: str) -> str:
    """The settings a Spring actuator shows, every value as given."""
    properties = {"spring.datasource.password": {"value": value}}
    return json.dumps({"activeProfiles": [], "propertySources": [{"name": "env", "properties": properties}]})
