"""A repository of credential files, made up as it is asked for: nothing in this file is a secret.

In the templates `«kind»` stands for a value; its line is a planted one. Each kind is filled in with something of
the right shape, drawn from a seeded generator. With `placeholder` instead the same files must raise nothing.
"""

from __future__ import annotations

import base64
import random
import re
import string
import zlib
from collections.abc import Callable

LETTERS = string.ascii_letters + string.digits

FILES: dict[str, str] = {
    "web/.env": """\
APP_NAME=Brightside
APP_ENV=production
APP_KEY=«appkey»
APP_URL=https://app.brightside.co
DB_HOST=db.brightside.co
DB_USERNAME=brightside
DB_PASSWORD=«pw»
MAIL_HOST=smtp.brightside.co
MAIL_USERNAME=portal@brightside.co
MAIL_PASSWORD="«pw»"
PUSHER_APP_ID=48213
PUSHER_APP_SECRET=«hex:20»
AWS_ACCESS_KEY_ID=«akia»
export AWS_SECRET_ACCESS_KEY='«aws»'
STRIPE_SECRET=«stripe»
""",
    ".bashrc": """\
alias ll='ls -la'
export PATH="$HOME/bin:$PATH"
export HOMEBREW_GITHUB_API_TOKEN="«hex:40»"
export MAILCHIMP_API_KEY=«mailchimp»
export SENDGRID_PASSWORD=«pw»
# export OLD_DB_PASSWORD=«pw»
""",
    ".bash_profile": """\
export EDITOR=vim
export SLACK_API_TOKEN=«slack»
set IRC_PASSWORD=«pw»
export TWILIO_AUTH_TOKEN=«hex:32»
""",
    "home/.netrc": """\
machine api.heroku.com
  login maker@brightside.co
  password «uuid»
machine git.heroku.com login maker@brightside.co password «uuid»
""",
    "home/.pgpass": "db.brightside.co:5432:portal:portal:«pw»\n# a comment\n*:*:*:postgres:«pw»\n",
    "home/.git-credentials": "https://maker:«hex:40»@github.com\n",
    "home/.npmrc": """\
registry=https://npm.brightside.co/
//npm.brightside.co/:_authToken=«uuid»
//old.brightside.co/:_password="«b64:12»"
email=maker@brightside.co
""",
    "home/.docker/config.json": """\
{
  "auths": {
    "https://index.docker.io/v1/": {
      "auth": "«login64»"
    },
    "registry.brightside.co": {"auth": "«login64»", "email": "maker@brightside.co"}
  }
}
""",
    "home/.dockercfg": '{"https://index.docker.io/v1/": {\n  "auth": "«login64»",\n  "email": "a@brightside.co"}}\n',
    "home/.kube/config": """\
apiVersion: v1
clusters:
- cluster:
    server: https://10.2.3.4:6443
  name: main
users:
- name: admin
  user:
    token: «alnum:60»
- name: old
  user:
    username: admin
    password: «pw»
""",
    "home/.config/hub": "github.com:\n- user: maker\n  oauth_token: «hex:40»\n  protocol: https\n",
    "cloud/.credentials": """\
[default]
aws_access_key_id = «akia»
aws_secret_access_key = «aws»
region = eu-central-1
""",
    "cloud/.s3cfg": """\
[default]
access_key = «akia»
bucket_location = EU
gpg_passphrase = «pw»
secret_key = «aws»
use_https = True
""",
    "cloud/.tugboat": """\
---
authentication:
  client_key: «alnum:28»
  api_key: «hex:32»
ssh:
  ssh_user: root
  ssh_key_path: ~/.ssh/id_rsa
  ssh_port: '22'
""",
    "cloud/heroku.json": '{\n  "email": "maker@brightside.co",\n  "HEROKU_API_KEY": "«uuid»"\n}\n',
    "cloud/terraform.tfvars": 'region = "eu-central-1"\ndb_password = "«pw»"\nuser = "portal"\ncloudflare_api_token = "«alnum:40»"\n',
    "cloud/terraform.tfstate": """\
{"version": 4, "resources": [{"type": "aws_db_instance", "instances": [{"attributes": {
  "engine": "postgres",
  "password": "«pw»",
  "username": "portal"
}}]}]}
""",
    "cloud/service-account.json": """\
{
  "type": "service_account",
  "project_id": "brightside-portal",
  "private_key_id": "0",
  "private_key": "-----BEGIN PRIVATE KEY-----\\n«b64:900»\\n-----END PRIVATE KEY-----\\n",
  "client_email": "portal@brightside-portal.iam.gserviceaccount.com"
}
""",
    "cloud/task-definition.json": """\
{"containerDefinitions": [{"name": "web", "environment": [
  {"name": "LOG_LEVEL", "value": "info"},
  {"name": "DATABASE_PASSWORD", "value": "«pw»"}
]}]}
""",
    "deploy/k8s/web.yaml": """\
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
      - name: web
        env:
        - name: LOG_LEVEL
          value: info
        - name: SMTP_PASSWORD
          value: «pw»
        - name: API_TOKEN
          valueFrom:
            secretKeyRef: {name: portal, key: token}
""",
    "docker-compose.yml": """\
services:
  web:
    image: portal
    environment:
      SECRET_KEY: «alnum:50»
      DATABASE_URL: postgres://portal:«pw»@db.brightside.co/portal
      DEBUG: "false"
  worker:
    environment:
      - REDIS_PASSWORD=«pw»
      - QUEUE=mail
""",
    "config/database.yml": """\
default: &default
  adapter: postgresql
  pool: 5
production:
  <<: *default
  username: portal
  password: «pw»
""",
    "config/mongoid.yml": """\
production:
  sessions:
    default:
      database: portal
      hosts:
        - ds012345.mlab.brightside.co:12345
      username: portal
      password: «pw»
""",
    "config/secrets.yml": """\
development:
  secret_key_base: «hex:128»
test:
  secret_key_base: «hex:128»
production:
  secret_key_base: «hex:128»
staging:
  secret_key_base: <%= ENV["SECRET_KEY_BASE"] %>
""",
    "config/master.key": "«hex:32»",
    "config/application.properties": """\
spring.datasource.url=jdbc:postgresql://db.brightside.co/portal
spring.datasource.username=portal
spring.datasource.password=«pw»
jwt.secret=«alnum:44»
server.port=8080
""",
    "config/application.yml": """\
spring:
  mail:
    host: smtp.brightside.co
    username: portal
    password: «pw»
stripe:
  secret-key: «stripe»
management.port: 8081
""",
    "config/appsettings.Production.json": """\
{
  "ConnectionStrings": {
    "Default": "Server=db.brightside.co;Database=portal;User Id=sa2;Password=«pw»;Encrypt=True"
  },
  "Jwt": {"Issuer": "portal", "SigningKey": "«alnum:48»"}
}
""",
    "Web.config": """\
<configuration>
  <appSettings>
    <add key="Environment" value="Production" />
    <add key="SmtpPassword" value="«pw»" />
  </appSettings>
  <connectionStrings>
    <add name="Main" connectionString="Data Source=db.brightside.co;User ID=portal;Password=«pw»" />
  </connectionStrings>
</configuration>
""",
    "settings.xml": "<settings><servers><server>\n<id>releases</id>\n<username>ci</username>\n<password>«pw»</password>\n</server></servers></settings>\n",
    "public/wp-config.php": """\
<?php
define('DB_NAME', 'portal');
define('DB_USER', 'portal');
define('DB_PASSWORD', '«pw»');
define('DB_HOST', 'localhost');
define('AUTH_KEY',         '«punct:64»');
define('SECURE_AUTH_KEY',  '«punct:64»');
define('LOGGED_IN_KEY',    '«punct:64»');
define('NONCE_KEY',        '«punct:64»');
define('AUTH_SALT',        '«punct:64»');
define('SECURE_AUTH_SALT', '«punct:64»');
define('LOGGED_IN_SALT',   '«punct:64»');
define('NONCE_SALT',       '«punct:64»');
$table_prefix  = 'wp_';
""",
    "public/config.php": """\
<?php
$dbhost = 'localhost';
$dbuser = 'portal';
$dbpass = '«pw»';
$config = ['mailer' => ['host' => 'smtp.brightside.co', 'password' => '«pw»']];
$link = mysqli_connect('localhost', 'portal', '«pw»', 'portal');
""",
    "public/.htpasswd": "maker:«apr1»\nowner:«bcrypt»\n",
    "etc/shadow": "daemon:*:17000:0:99999:7:::\nroot:«sha512»:17000:0:99999:7:::\nbin:!:17000::::::\n",
    "etc/proftpdpasswd": "maker:«md5crypt»:1000:1000::/home/maker:/bin/false\n",
    "portal/settings.py": """\
import os
DEBUG = True
SECRET_KEY = '«punct:50»'
DATABASES = {
    'default': {
        'ENGINE': 'django.db.backends.postgresql',
        'USER': 'portal',
        'PASSWORD': '«pw»',
        'HOST': 'db.brightside.co',
    }
}
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "«pw»")
CELERY_BROKER_URL = "amqp://portal:«pw»@mq.brightside.co:5672//"
AUTH_PASSWORD_VALIDATORS = ["django.contrib.auth.password_validation.MinimumLengthValidator"]
PASSWORD_RESET_TIMEOUT = 3600
""",
    "src/salesforce.js": """\
const jsforce = require('jsforce');
const conn = new jsforce.Connection({loginUrl: 'https://login.salesforce.com'});
conn.login('maker@brightside.co', '«pw»', function (err, info) { console.log(info); });
""",
    "src/client.ts": """\
const password = document.querySelector<HTMLInputElement>("#password");
export const apiKey: string = "«alnum:32»";
const options = { headers: { Authorization: "Bearer «alnum:40»" } };
const token = await getToken("password-reset");
const label = { password: "Enter your password", secret: "Shared secret" };
""",
    "lib/payments.rb": """\
Stripe.api_key = ENV.fetch("STRIPE_KEY")
Braintree::Configuration.private_key = "«hex:32»"
config.secret_key = '«hex:128»'
password_confirmation = params[:password_confirmation]
""",
    "main.go": """\
package main
const apiToken = "«alnum:36»"
var dsn = "portal:«pw»@tcp(db.brightside.co:3306)/portal"
var db = "mysql://portal:«pw»@db.brightside.co:3306/portal"
""",
    "scripts/backup.sh": """\
#!/bin/sh
curl -u maker:«pw» https://backup.brightside.co/upload
sshpass -p '«pw»' scp dump.sql maker@backup.brightside.co:
mysql -u root -p"$DB_PASSWORD" portal < schema.sql
PGPASSWORD=«pw» pg_dump portal
""",
    "db/dump.sql": """\
CREATE TABLE users (
  id int NOT NULL,
  email varchar(255),
  password varchar(255),
  PRIMARY KEY (id)
);
INSERT INTO users (id, email, password) VALUES (1,'ann@brightside.co','«bcrypt»');
INSERT INTO users VALUES (2,'ben@brightside.co','«hex:32»');
INSERT INTO users VALUES
(3,'cy@brightside.co','«hex:40»'),
(4,'di@brightside.co','«hex:40»');
INSERT INTO cities (id, name) VALUES (1, 'Oslo');
""",
    "db/pg.sql": """\
COPY public.accounts (id, email, encrypted_password, created) FROM stdin;
1\tann@brightside.co\t«bcrypt»\t2026-01-01
2\tben@brightside.co\t«bcrypt»\t2026-01-01
\\.
CREATE ROLE portal WITH LOGIN PASSWORD '«pw»';
""",
    "db/robomongo.json": """\
{"connections": [{"connectionName": "live", "serverHost": "db.brightside.co",
  "credentials": [{
    "userName": "portal",
    "userPassword": "«pw»"
  }],
  "ssh": {"userName": "maker",
    "userPassword": "«pw»",
    "passphrase": "«pw»"}}]}
""",
    "db/dbeaver-data-sources.xml": """\
<data-sources>
  <data-source id="pg" name="live">
    <connection host="db.brightside.co" user="portal" password="«b64:12»"/>
  </data-source>
</data-sources>
""",
    "ide/.vscode/sftp.json": '{\n  "host": "brightside.co",\n  "username": "maker",\n  "password": "«pw»",\n  "remotePath": "/srv"\n}\n',
    "ide/sftp-config.json": '{\n  // sublime\n  "type": "sftp",\n  "user": "maker",\n  "password": "«pw»",\n}\n',
    "ide/.ftpconfig": '{\n "protocol": "sftp",\n "user": "maker",\n "pass": "«pw»",\n "passphrase": "«pw»",\n "privatekey": "/home/maker/.ssh/id_rsa"\n}\n',
    "ide/.remote-sync.json": '{\n "hostname": "brightside.co",\n "username": "maker",\n "password": "«pw»"\n}\n',
    "ide/.idea/WebServers.xml": """\
<component name="WebServers"><option name="servers"><webServer id="1" name="live" url="https://brightside.co">
<fileTransfer host="brightside.co" port="22" privateKey="" rootFolder="/srv" accessType="SFTP" username="maker" password="«hex:24»" />
</webServer></option></component>
""",
    "ftp/recentservers.xml": """\
<FileZilla3><RecentServers>
<Server><Host>brightside.co</Host><User>maker</User>
<Pass encoding="base64">«b64:12»</Pass>
</Server></RecentServers></FileZilla3>
""",
    "ftp/filezilla.xml": '<FileZilla3><Settings>\n<Setting name="FTP Proxy password">«pw»</Setting>\n<Setting name="Number of Transfers">2</Setting>\n</Settings></FileZilla3>\n',
    "mail/.esmtprc": 'hostname = smtp.brightside.co:587\nusername = "maker"\npassword = "«pw»"\nstarttls = required\ncertificate_passphrase = "«pw»"\n',
    "mail/.msmtprc": "account default\nhost smtp.brightside.co\nuser maker\npassword «pw»\nauth on\n",
    "games/ventrilo_srv.ini": "[Server]\nName=Lan\nPort=3784\nAdminPassword=«pw»\nPassword=«pw»\nMaxClients=8\n",
    "browser/logins.json": """\
{"nextId": 2, "logins": [{
  "hostname": "https://brightside.co",
  "encryptedUsername": "«firefox»",
  "encryptedPassword": "«firefox»",
  "guid": "{5e2f}"}]}
""",
    "keys/id_rsa": "-----BEGIN RSA PRIVATE KEY-----«key»\nMIIE«b64:45»\n«b64:48»\n«b64:48»\n«b64:48»\n-----END RSA PRIVATE KEY-----\n",
    "keys/server.ppk": "PuTTY-User-Key-File-2: ssh-rsa«key»\nEncryption: none\nComment: maker\nPublic-Lines: 2\n«b64:48»\n«b64:48»\nPrivate-Lines: 2\n«b64:48»\n«b64:48»\n",
    "notes/keys.txt": "the old ones\n\n«alnum:48»\n\n«b64:40»\n",
    "notes/password.txt": "«pw»\n",
    "deploy/deployment-config.json": '[{\n "host": "brightside.co",\n "user": "maker",\n "password": "«pw»",\n "target": "/srv"\n}]\n',
    "composer-auth/auth.json": '{"http-basic": {"repo.brightside.co": {"username": "maker",\n "password": "«pw»"}},\n "github-oauth": {"github.com":\n "ghx"}}\n',
    ".github/workflows/deploy.yml": """\
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      DEPLOY_TOKEN: «alnum:40»
      API_KEY: ${{ secrets.API_KEY }}
    steps:
      - run: echo done
""",
    "src/App.java": """\
class App {
  private static final String DB_PASSWORD = "«pw»";
  String passwordLabel = "Password";
  Connection c = DriverManager.getConnection("jdbc:mysql://db.brightside.co/p?user=u&x=1", "portal", props);
}
""",
    "src/Startup.cs": 'var cs = "Server=tcp:db.brightside.co,1433;Database=portal;User Id=portal;Password=«pw»;";\n',
    "pip.conf": "[global]\nindex-url = https://maker:«pw»@pypi.brightside.co/simple\n",
    "home/.pypirc": "[pypi]\nusername = __token__\npassword = «pw»\n",
    "home/.my.cnf": "[client]\nuser=root\npassword=«pw»\n",
    "Dockerfile": 'FROM python:3.12\nENV SECRET_KEY="«alnum:50»"\nARG NPM_TOKEN\nENV DEBUG=0\n',
}

SHAPES: dict[str, Callable[[random.Random, int], str]] = {
    "pw": lambda r, n: _mixed(r),
    "hex": lambda r, n: "".join(r.choices("0123456789abcdef", k=n)),
    "num": lambda r, n: "".join(r.choices(string.digits, k=n)),
    "alnum": lambda r, n: "".join(r.choices(LETTERS, k=n)),
    "b64": lambda r, n: base64.b64encode(r.randbytes(n)).decode(),
    "punct": lambda r, n: "".join(r.choices(LETTERS + "!#%&*+,-./:;=?@^_|~", k=n)),
    "uuid": lambda r, n: "-".join("".join(r.choices("0123456789abcdef", k=k)) for k in (8, 4, 4, 4, 12)),
    "akia": lambda r, n: "AKIA" + "".join(r.choices(string.ascii_uppercase + "234567", k=16)),
    "aws": lambda r, n: "".join(r.choices(LETTERS + "/+", k=40)),
    "stripe": lambda r, n: "sk_live_" + "".join(r.choices(LETTERS, k=24)),
    "login64": lambda r, n: base64.b64encode(f"maker:{_mixed(r)}".encode()).decode(),
    "apr1": lambda r, n: f"$apr1${''.join(r.choices(LETTERS, k=8))}${''.join(r.choices(LETTERS, k=22))}",
    "md5crypt": lambda r, n: f"$1${''.join(r.choices(LETTERS, k=8))}${''.join(r.choices(LETTERS, k=22))}",
    "sha512": lambda r, n: f"$6${''.join(r.choices(LETTERS, k=8))}${''.join(r.choices(LETTERS, k=86))}",
    "bcrypt": lambda r, n: f"$2y$10${''.join(r.choices(LETTERS, k=53))}",
    "appkey": lambda r, n: "base64:" + base64.b64encode(r.randbytes(32)).decode(),
    "mailchimp": lambda r, n: SHAPES["hex"](r, 32) + "-us14",
    "slack": lambda r, n: "-".join(["xoxp", *(SHAPES["num"](r, k) for k in (11, 11, 12)), SHAPES["hex"](r, 32)]),
    "firefox": lambda r, n: "MDoEEPgAAAAAAAAAAAAAAAAAAAEwFAYIKoZIhvcNAwcECA" + SHAPES["b64"](r, 24),
    "key": lambda r, n: "",
    "human": lambda r, n: _remembered(r),
    "humanb64": lambda r, n: base64.b64encode(_remembered(r).encode()).decode(),
    "hexkey": lambda r, n: "key-" + SHAPES["hex"](r, 32),
    "hexu": lambda r, n: "".join(r.choices("0123456789ABCDEF", k=n)),
    "urlsafe": lambda r, n: "".join(r.choices(LETTERS + "-_", k=n)),
    "phpass": lambda r, n: "$P$B" + "".join(r.choices(LETTERS + "./", k=30)),
    "age": lambda r, n: "AGE-SECRET-KEY-1" + "".join(r.choices("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", k=58)),
    "gho": lambda r, n: _with_checksum("gho_" + SHAPES["alnum"](r, 30)),
    "goog": lambda r, n: "GOCSPX-" + SHAPES["urlsafe"](r, 28),
    "ya29": lambda r, n: "ya29." + SHAPES["urlsafe"](r, 120),
    "sfdx": lambda r, n: f"00D{SHAPES['alnum'](r, 12)}!{SHAPES['alnum'](r, 96)}",
    "atlas": lambda r, n: f"{SHAPES['alnum'](r, 14)}.atlasv1.{SHAPES['alnum'](r, 60)}",
    "vault": lambda r, n: "s." + SHAPES["alnum"](r, 24),
    "discord": lambda r, n: ".".join(SHAPES["alnum"](r, k) for k in (24, 6, 38)),
    "telegram": lambda r, n: f"{SHAPES['num'](r, 9)}:{SHAPES['alnum'](r, 35)}",
    "strong": lambda r, n: "".join(r.choices(LETTERS, k=5)) + "7" + "".join(r.choices(LETTERS, k=8)),
}


def _mixed(r: random.Random) -> str:
    return (
        "".join(r.choices(string.ascii_lowercase, k=4))
        + r.choice("RTPK")
        + "".join(r.choices(LETTERS, k=5))
        + r.choice("3579")
    )


def _remembered(r: random.Random) -> str:
    """As people make them up: a word or two, a year, a sign."""
    word = r.choice(("Marigold", "bluefox", "Lighthouse", "kestrel", "Tangerine", "wombat", "Sunflower", "gazpacho"))
    return word + r.choice(("", "Sea", "42", "Rx")) + str(r.randrange(100, 2030)) + r.choice(("", "!", "#", "$", "@"))


def _with_checksum(token: str) -> str:
    """With the CRC-32 in Base62 that GitHub puts at the end of its tokens."""
    number, digits = zlib.crc32(token[4:].encode()), ""
    while number:
        number, rest = divmod(number, 62)
        digits = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[rest] + digits
    return token + digits.rjust(6, "0")


_MARK = re.compile(r"«(\w+)(?::(\d+))?»")


def planted(seed: int = 7) -> tuple[dict[str, str], set[tuple[str, int]]]:
    """The files with values, and every (path, line) that holds one; a key counts at its first line."""
    r = random.Random(seed)
    files, lines = {}, set[tuple[str, int]]()
    for path, template in FILES.items():
        multi = "«key»" in template
        for number, line in enumerate(template.split("\n"), 1):
            if "«key»" in line or (_MARK.search(line) and not multi):
                lines.add((path, number))
        files[path] = _MARK.sub(lambda m: SHAPES[m[1]](r, int(m[2] or 0)), template)
    return files, lines


def placeholders(word: str) -> dict[str, str]:
    """The same files with a placeholder in place of every value, Base64 logins included."""

    def stand_in(match: re.Match[str]) -> str:
        if match[1] == "login64":
            return base64.b64encode(f"maker:{word}".encode()).decode()
        return word

    return {path: _MARK.sub(stand_in, template) for path, template in FILES.items()}
