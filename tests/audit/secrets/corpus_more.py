# ruff: noqa: E501 - one file a line, where it is short
"""More formats of the corpus: servers, clouds, clients, tools and languages. Templates as in `corpus`; no secrets."""

FILES: dict[str, str] = {
    # Web applications and their frameworks.
    "site/.htdigest": "maker:private area:«hex:32»\n",
    "site/wp-config-live.php": """\
<?php
define( "DB_USER", "brightside" );
define( "DB_PASSWORD", "«human»" );
define( 'DB_HOST', 'db.brightside.co' );
const JWT_AUTH_SECRET_KEY = '«alnum:48»';
define('FTP_PASS', '«pw»');
define( 'DB_CHARSET', 'utf8' );
""",
    "site/sites/default/settings.php": """\
<?php
$databases['default']['default'] = array (
  'database' => 'portal',
  'username' => 'portal',
  'password' => '«human»',
  'prefix' => '',
  'host' => 'db.brightside.co',
  'driver' => 'mysql',
);
$settings['hash_salt'] = '«urlsafe:74»';
# $settings['update_free_access'] = FALSE;
""",
    "site/configuration.php": """\
<?php
class JConfig {
	public $offline = '0';
	public $user = 'portal';
	public $password = '«human»';
	public $secret = '«alnum:16»';
	public $smtppass = '«pw»';
	public $ftp_pass = '';
}
""",
    "shop/app/etc/env.php": """\
<?php
return [
    'backend' => ['frontName' => 'admin_x1'],
    'crypt' => [
        'key' => '«hex:32»'
    ],
    'db' => [
        'connection' => [
            'default' => [
                'host' => 'db',
                'username' => 'magento',
                'password' => '«human»',
                'active' => '1'
            ]
        ]
    ],
];
""",
    "shop/app/etc/local.xml": """\
<config><global>
<resources><connection>
<username><![CDATA[magento]]></username>
<password><![CDATA[«human»]]></password>
<dbname><![CDATA[shop]]></dbname>
</connection></resources></global></config>
""",
    "laravel/config/services.php": """\
<?php
return [
    'mailgun' => [
        'domain' => env('MAILGUN_DOMAIN'),
        'secret' => '«hexkey»',
    ],
    'ses' => ['key' => env('SES_KEY'), 'secret' => env('SES_SECRET', '«aws»')],
    'queue' => 'default',
];
""",
    "symfony/app/config/parameters.yml": """\
parameters:
    database_host: db.brightside.co
    database_user: portal
    database_password: «human»
    mailer_password: «pw»
    secret: «hex:40»
""",
    "symfony/.env.local": 'APP_SECRET=«hex:32»\nDATABASE_URL="mysql://portal:«pw»@10.1.2.3:3306/portal?serverVersion=8"\nMAILER_DSN=smtp://portal:«pw»@smtp.brightside.co:587\n',
    "rails/config/database.yml": """\
production:
  adapter: mysql2
  host: <%= ENV['DB_HOST'] %>
  username: portal
  password: «human»
""",
    "rails/config/initializers/secret_token.rb": "Portal::Application.config.secret_key_base = '«hex:128»'\nPortal::Application.config.secret_token = '«hex:128»'\n",
    "rails/config/initializers/devise.rb": """\
Devise.setup do |config|
  config.secret_key = '«hex:128»'
  config.pepper = '«hex:128»'
  config.omniauth :github, ENV['GITHUB_ID'], '«hex:40»'
  # config.pepper = ''
end
""",
    "rails/config/environments/production.rb": """\
Rails.application.configure do
  config.action_mailer.smtp_settings = {
    address: 'smtp.brightside.co',
    user_name: 'portal',
    password: '«human»',
    authentication: :plain
  }
end
""",
    "mongo/mongoid.yml": "production:\n  clients:\n    default:\n      uri: mongodb+srv://portal:«pw»@cluster0.ab1cd.mongodb.net/portal\n",
    "spring/src/main/resources/application-prod.yml": """\
spring:
  datasource:
    url: jdbc:mysql://db.brightside.co/portal
    username: portal
    password: «human»
  rabbitmq:
    password: "«pw»"
server:
  ssl:
    key-store: classpath:store.p12
    key-store-password: «pw»
jasypt.encryptor.password: «human»
""",
    "spring/src/main/resources/db.properties": "db.user=portal\ndb.pwd=«human»\njavax.net.ssl.keyStorePassword=«human»\nurl=jdbc:oracle:thin:portal/«pw»@db.brightside.co:1521:xe\n",
    "django/local_settings.py": """\
SECRET_KEY = "«punct:50»"
SOCIAL_AUTH_FACEBOOK_SECRET = "«hex:32»"
DATABASES["default"]["PASSWORD"] = "«human»"
AWS_SECRET_ACCESS_KEY = '«aws»'
""",
    "flask/config.py": "class Config:\n    SECRET_KEY = '«human»'\n    SQLALCHEMY_DATABASE_URI = 'postgresql://portal:«human»@db.brightside.co/portal'\n    MAIL_PASSWORD = '«human»'\n",
    "express/config/default.json": '{\n  "session": {"secret": "«human»"},\n  "mongo": {"pass": "«human»"},\n  "port": 3000\n}\n',
    "express/config.js": "module.exports = {\n  secret: '«alnum:24»',\n  db: { user: 'portal', password: '«human»' },\n  twitter: { consumer_key: '«alnum:25»', consumer_secret: '«alnum:50»' },\n};\n",
    "dotnet/appsettings.json": """\
{
  "Logging": {"LogLevel": {"Default": "Information"}},
  "Smtp": {"Host": "smtp.brightside.co", "User": "portal",
    "Password": "«human»"},
  "AzureAd": {"ClientId": "4f0f",
    "ClientSecret": "«alnum:34»"},
  "Storage": "DefaultEndpointsProtocol=https;AccountName=portal;AccountKey=«b64:64»;EndpointSuffix=core.windows.net"
}
""",
    "dotnet/secrets.json": '{\n  "ConnectionStrings:Main": "Host=db.brightside.co;Username=portal;Password=«human»",\n  "Movies:ServiceApiKey": "«alnum:20»"\n}\n',
    "dotnet/NuGet.Config": """\
<configuration><packageSourceCredentials><Private>
<add key="Username" value="maker" />
<add key="ClearTextPassword" value="«human»" />
</Private></packageSourceCredentials></configuration>
""",
    "dotnet/App.config": '<configuration><connectionStrings>\n<add name="Db" connectionString="Server=db;Database=p;Uid=portal;Pwd=«human»;" />\n</connectionStrings></configuration>\n',
    "dotnet/web.prod.config": '<system.net><mailSettings><smtp>\n<network host="smtp.brightside.co" userName="portal" password="«human»" />\n</smtp></mailSettings></system.net>\n<machineKey validationKey="«hexu:64»" decryptionKey="AutoGenerate" />\n',
    "dotnet/publish/live.pubxml": "<Project><PropertyGroup>\n<UserName>portal</UserName>\n<Password>«human»</Password>\n</PropertyGroup></Project>\n",
    "dotnet/live.publishsettings": '<publishData><publishProfile profileName="live"\n userName="$portal"\n userPWD="«alnum:60»" />\n</publishData>\n',
    # Servers.
    "tomcat/tomcat-users.xml": '<tomcat-users>\n<role rolename="manager-gui"/>\n<user username="boss" password="«human»" roles="manager-gui"/>\n</tomcat-users>\n',
    "tomcat/context.xml": '<Context>\n<Resource name="jdbc/p" username="portal" password="«human»" url="jdbc:mysql://db/p"/>\n</Context>\n',
    "jboss/standalone.xml": "<datasource><security>\n<user-name>portal</user-name>\n<password>«human»</password>\n</security></datasource>\n",
    "jboss/mgmt-users.properties": "# admin\nboss=«hex:32»\n",
    "maven/.m2/settings.xml": "<settings><servers><server><id>r</id>\n<username>ci</username>\n<password>«human»</password>\n<passphrase>«human»</passphrase>\n</server></servers></settings>\n",
    "gradle/gradle.properties": "org.gradle.jvmargs=-Xmx2g\nsigning.keyId=24875D73\nsigning.password=«human»\nossrhPassword=«human»\nmavenToken=«alnum:20»\n",
    "android/keystore.properties": "storeFile=../release.jks\nstorePassword=«human»\nkeyAlias=release\nkeyPassword=«human»\n",
    "android/local.properties": "sdk.dir=/opt/android\nRELEASE_STORE_PASSWORD=«human»\n",
    "android/app/build.gradle": """\
android { signingConfigs { release {
    storeFile file('release.jks')
    storePassword '«human»'
    keyAlias 'release'
    keyPassword "«human»"
} } }
""",
    "etc/redis.conf": "port 6379\nbind 127.0.0.1\nrequirepass «human»\nmasterauth «pw»\nmaxmemory 2gb\n",
    "etc/snmpd.conf": "rocommunity public\nrouser maker\nsyslocation here\n",
    "etc/ldap.conf": "uri ldap://ldap.brightside.co\nbinddn cn=reader,dc=brightside\nbindpw «human»\n",
    "etc/slapd.conf": 'rootdn "cn=root,dc=brightside"\nrootpw {SSHA}«b64:24»\n',
    "etc/sssd.conf": "[domain/x]\nid_provider = ldap\nldap_default_authtok = «human»\n",
    "etc/rsyncd.secrets": "backup:«human»\nmirror:«pw»\n",
    "etc/ipsec.secrets": ': PSK "«human»"\nmaker : EAP "«human»"\n',
    "etc/ppp/chap-secrets": 'maker * "«human»" *\n',
    "etc/wpa_supplicant.conf": 'network={\n  ssid="office"\n  psk="«human»"\n  key_mgmt=WPA-PSK\n}\n',
    "etc/openvpn/auth.txt": "maker\n«human»\n",
    "etc/wireguard/wg0.conf": "[Interface]\nAddress = 10.0.0.2/32\nPrivateKey = «b64:32»\n\n[Peer]\nPresharedKey = «b64:32»\nEndpoint = 1.2.3.4:51820\n",
    "etc/postfix/sasl_passwd": "[smtp.brightside.co]:587 maker@brightside.co:«human»\n",
    "etc/odbc.ini": "[portal]\nDriver=PostgreSQL\nUID=portal\nPWD=«human»\n",
    "etc/exim4/passwd.client": "*.brightside.co:maker:«human»\n",
    "etc/mosquitto/mosquitto.conf": "listener 1883\nremote_password «human»\n",
    "etc/grafana.ini": "[security]\nadmin_user = boss\nadmin_password = «human»\nsecret_key = «alnum:20»\n",
    "etc/rabbitmq.conf": "default_user = portal\ndefault_pass = «human»\n",
    "etc/supervisord.conf": "[inet_http_server]\nport=9001\nusername=boss\npassword=«human»\n",
    "etc/fstab": "//nas/share /mnt cifs username=maker,password=«human»,uid=1000 0 0\nUUID=1 / ext4 defaults 0 1\n",
    "etc/php/php.ini": "[mysqli]\nmysqli.default_pw = «human»\n",
    "etc/sentry.properties": "defaults.org=brightside\nauth.token=«hex:64»\n",
    # Provisioning.
    "ansible/group_vars/all.yml": 'db_user: portal\ndb_password: "«human»"\nvault_mail_pass: «pw»\nansible_become_pass: «human»\nadmin_password_hash: "{{ x | hash }}"\n',
    "ansible/inventory.ini": "[web]\nweb1 ansible_host=10.0.0.1 ansible_user=root ansible_ssh_pass=«human»\n[web:vars]\nansible_become_password=«human»\n",
    "ansible/hosts": "[web]\nweb1 ansible_user=root ansible_password=«human»\n",
    "puppet/hieradata/common.yaml": "---\nmysql::server::root_password: '«human»'\nprofile::db::password: «human»\nntp::servers: [a]\n",
    "puppet/manifests/db.pp": "class { 'mysql::server':\n  root_password => '«human»',\n  restart       => true,\n}\n",
    "chef/data_bags/users/maker.json": '{\n  "id": "maker",\n  "password": "«sha512»"\n}\n',
    "chef/attributes/default.rb": "default['portal']['db']['user'] = 'portal'\ndefault['portal']['db']['password'] = '«pw»'\n",
    "salt/pillar/db.sls": "mysql:\n  root_password: «human»\n  port: 3306\n",
    "terraform/main.tf": """\
provider "aws" {
  region     = "eu-central-1"
  access_key = "«akia»"
  secret_key = "«aws»"
}
resource "aws_db_instance" "db" {
  username = "portal"
  password = "«human»"
  password_policy = "strong"
}
variable "api_token" {
  type    = string
  default = "«alnum:40»"
}
""",
    "terraform/prod.auto.tfvars": 'admin_password = "«human»"\n',
    "pulumi/Pulumi.prod.yaml": "config:\n  aws:region: eu-central-1\n  portal:dbPassword: «human»\n",
    "serverless/serverless.yml": "service: portal\nprovider:\n  environment:\n    JWT_SECRET: «human»\n    STAGE: prod\n    DB_PASS: «pw»\n",
    "k8s/secret.yaml": """\
apiVersion: v1
kind: Secret
metadata:
  name: portal
type: Opaque
data:
  username: cG9ydGFs
  password: «humanb64»
stringData:
  api-token: «alnum:40»
""",
    "helm/values.yaml": "postgresql:\n  auth:\n    username: portal\n    postgresPassword: «human»\nredis:\n  password: «human»\nimage:\n  tag: 1.2.3\n",
    "compose/docker-compose.prod.yml": """\
services:
  db:
    image: mariadb:11
    environment:
      MYSQL_ROOT_PASSWORD: «human»
      MARIADB_PASSWORD: "«human»"
      MYSQL_DATABASE: portal
    command: redis-server --requirepass «human»
""",
    "cloudinit/user-data.yml": "#cloud-config\nusers:\n- name: maker\n  passwd: «sha512»\npackages: [git]\n",
    "vagrant/Vagrantfile": "Vagrant.configure('2') do |config|\n  config.ssh.username = 'maker'\n  config.ssh.password = '«pw»'\nend\n",
    "packer/web.json": '{"builders": [{"type": "do",\n "api_token": "«hex:64»",\n "ssh_password": "«human»"}]}\n',
    # Continuous integration.
    "ci/.travis.yml": "language: ruby\nenv:\n  global:\n    - DEPLOY_PASSWORD=«human»\n    - CI=true\ndeploy:\n  provider: heroku\n  api_key: «uuid»\n",
    "ci/.gitlab-ci.yml": "variables:\n  POSTGRES_DB: ci\n  DEPLOY_TOKEN: «alnum:24»\ndeploy:\n  script:\n    - sshpass -p '«human»' ssh maker@brightside.co\n    - curl -u maker:«human» https://brightside.co/hook\n",
    "ci/.circleci/config.yml": "version: 2\njobs:\n  build:\n    environment:\n      NPM_AUTH_TOKEN: «uuid»\n    steps: [checkout]\n",
    "ci/jenkins/credentials.xml": "<list><cred>\n<username>maker</username>\n<password>«human»</password>\n<secret>«pw»</secret>\n</cred></list>\n",
    "ci/Jenkinsfile": "pipeline { environment {\n  NEXUS_PASSWORD = '«pw»'\n  STAGE = 'prod'\n} }\n",
    "ci/sonar-project.properties": "sonar.projectKey=portal\nsonar.login=«hex:40»\nsonar.password=«human»\n",
    "ci/bamboo.yaml": "steps:\n- script: docker login -u maker -p «human» registry.brightside.co\n",
    # Tools of developers.
    "tools/portal.postman_collection.json": """\
{"item": [{"request": {"auth": {"type": "bearer", "bearer": [
  {"key": "token", "value": "«alnum:40»", "type": "string"}]},
  "header": [
   {"key": "Authorization", "value": "Bearer «alnum:44»"},
   {"key": "X-Api-Key", "value": "«alnum:32»"}]}}]}
""",
    "tools/live.postman_environment.json": '{"values": [{\n "key": "password",\n "value": "«human»",\n "enabled": true}]}\n',
    "tools/insomnia.json": '{"resources": [{"authentication": {"type": "basic", "username": "maker",\n "password": "«human»"}}]}\n',
    "tools/WinSCP.ini": "[Sessions\\live]\nHostName=brightside.co\nUserName=maker\nPassword=«hexu:48»\n",
    "tools/sitemanager.xml": "<FileZilla3><Servers><Server>\n<Host>brightside.co</Host>\n<User>maker</User>\n<Pass>«human»</Pass>\n</Server></Servers></FileZilla3>\n",
    "tools/confCons.xml": '<mrng:Connections>\n<Node Name="live" Username="maker" Password="«b64:40»" Hostname="10.0.0.1" />\n</mrng:Connections>\n',
    "tools/live.rdp": "full address:s:10.0.0.1\nusername:s:maker\npassword 51:b:«hexu:120»\n",
    "tools/.dbeaver/credentials-config.json": '{"pg": {"#connection": {"user": "portal",\n "password": "«human»"}}}\n',
    "tools/.idea/dataSources.xml": '<data-source name="live">\n<jdbc-url>jdbc:postgresql://db.brightside.co/p?user=portal&amp;password=«human»</jdbc-url>\n</data-source>\n',
    "tools/heidisql_settings.txt": "Servers\\live\\Host<|||>1<|||>db.brightside.co\nServers\\live\\Password<|||>1<|||>«hexu:24»\n",
    "tools/pgadmin/servers.json": '{"Servers": {"1": {"Host": "db", "Username": "portal",\n "Password": "«human»"}}}\n',
    "tools/.config/gh/hosts.yml": "github.com:\n    user: maker\n    oauth_token: «gho»\n    git_protocol: ssh\n",
    "tools/.config/doctl/config.yaml": "access-token: «hex:64»\noutput: text\n",
    "tools/.config/rclone/rclone.conf": "[live]\ntype = s3\naccess_key_id = «akia»\nsecret_access_key = «aws»\n[ftp]\ntype = ftp\npass = «urlsafe:30»\n",
    "tools/.boto": "[Credentials]\naws_access_key_id = «akia»\naws_secret_access_key = «aws»\n",
    "tools/.azure/accessTokens.json": '[{"tokenType": "Bearer",\n "accessToken": "«alnum:200»",\n "refreshToken": "«alnum:200»"}]\n',
    "tools/.config/gcloud/application_default_credentials.json": '{\n "client_id": "7640.apps.googleusercontent.com",\n "client_secret": "«goog»",\n "refresh_token": "«urlsafe:60»",\n "type": "authorized_user"}\n',
    "tools/.pypirc": "[distutils]\nindex-servers = private\n[private]\nrepository: https://pypi.brightside.co\nusername: maker\npassword: «human»\n",
    "tools/.gem/credentials": "---\n:rubygems_api_key: «hex:32»\n",
    "tools/.cargo/credentials.toml": '[registry]\ntoken = "«alnum:32»"\n',
    "tools/auth.json": '{"bearer": {\n "repo.brightside.co": "«alnum:40»"},\n "github-oauth": {\n "github.com": "«hex:40»"}}\n',
    "tools/.yarnrc.yml": 'npmRegistries:\n  "https://npm.brightside.co":\n    npmAuthToken: «uuid»\n',
    "tools/.npmrc": "always-auth=true\n_auth=«login64»\n",
    "tools/.s3cfg": "[default]\naccess_token = «alnum:60»\nproxy_host = x\n",
    "tools/.knife/knife.rb": "node_name 'maker'\nknife[:aws_secret_access_key] = '«aws»'\nknife[:rackspace_api_key] = '«hex:32»'\n",
    "tools/.netrc": "default login maker password «human»\nmachine ftp.brightside.co\n\tlogin maker\n\tpassword «human»\n\taccount x\n",
    "tools/gitconfig": '[remote "origin"]\n\turl = https://maker:«hex:40»@github.com/brightside/portal.git\n[github]\n\tuser = maker\n\ttoken = «hex:32»\n',
    "tools/.composer/auth.json": '{"gitlab-token": {\n  "gitlab.com": "«alnum:20»"}}\n',
    "tools/.sfdx/maker.json": '{\n "accessToken": "«sfdx»",\n "refreshToken": "«alnum:67»",\n "instanceUrl": "https://x.my.salesforce.com"}\n',
    "tools/.clasprc.json": '{"token": {\n "access_token": "«ya29»",\n "refresh_token": "«urlsafe:60»"}}\n',
    "tools/.terraformrc": 'credentials "app.terraform.io" {\n  token = "«atlas»"\n}\n',
    "tools/.vault-token": "«vault»\n",
    "tools/.circleci/cli.yml": "host: https://circleci.com\ntoken: «hex:40»\n",
    "tools/.bashrc": "export PGPASSWORD=«human»\nalias db='mysql -u root -p«pw» portal'\n",
    "tools/.bash_history": 'cd portal\nmysql -uroot -p«pw» portal\nexport GITHUB_TOKEN=«hex:40»\ncurl -H "Authorization: Bearer «alnum:40»" https://api.brightside.co\ngit clone https://maker:«pw»@git.brightside.co/p.git\n',
    "tools/.zsh_history": ": 1700000001:0;export DB_PASSWORD=«human»\n: 1700000002:0;ls\n",
    "tools/fish_history": "- cmd: set -x API_TOKEN «hex:40»\n  when: 1700000001\n",
    "tools/.mysql_history": "CREATE USER 'maker'@'%' IDENTIFIED BY '«human»';\nSET\\040PASSWORD\\040=\\040PASSWORD('«pw»');\n",
    "tools/.psql_history": "ALTER USER portal WITH PASSWORD '«human»';\nselect 1;\n",
    "tools/crontab": "MAILTO=maker@brightside.co\n0 3 * * * mysqldump -u portal -p'«pw»' portal > /b.sql\n5 3 * * * PGPASSWORD=«pw» pg_dump p\n",
    # Mail, chat and games.
    "chat/.irssi/config": 'servers = ({ address = "irc.brightside.co";\n  password = "«human»";\n  use_tls = "yes"; });\n',
    "chat/weechat/irc.conf": '[server]\nlibera.nicks = maker\nlibera.password = "«human»"\nlibera.sasl_password = "«human»"\n',
    "chat/znc.conf": "<Pass password>\n  Method = sha256\n  Hash = «hex:64»\n  Salt = «alnum:20»\n</Pass>\n",
    "chat/.muttrc": 'set imap_user = "maker"\nset imap_pass = "«human»"\nset smtp_pass="«human»"\n',
    "chat/.fetchmailrc": "poll mail.brightside.co proto imap\n  user 'maker' pass '«human»' ssl\n",
    "chat/.offlineimaprc": "[Repository remote]\nremoteuser = maker\nremotepass = «human»\n",
    "chat/.purple/accounts.xml": "<account><protocol>prpl-jabber</protocol>\n<name>maker@brightside.co</name>\n<password>«human»</password>\n</account>\n",
    "chat/bot/config.json": '{\n  "prefix": "!",\n  "token": "«discord»",\n  "ownerID": "81384788765712384"\n}\n',
    "games/server.properties": "motd=Hello\nenable-rcon=true\nrcon.password=«human»\n",
    "games/server.cfg": 'hostname "Lan"\nrcon_password "«human»"\nsv_password "«human»"\n',
    "games/ts3server.ini": "dbplugin=ts3db_mariadb\nserveradmin_password=«human»\n",
    # Exports, dumps, keys.
    "exports/passwords.csv": "name,url,username,password\nportal,https://brightside.co/,maker,«human»\nmail,https://mail.brightside.co/,maker,«pw»\n",
    "exports/logins.csv": '"url","username","password","httpRealm"\n"https://brightside.co","maker","«human»",""\n',
    "exports/keepass.xml": '<KeePassFile><Entry><String>\n<Key>Password</Key>\n<Value ProtectInMemory="True">«human»</Value>\n</String></Entry></KeePassFile>\n',
    "exports/credentials.csv": "User name,Password,Access key ID,Secret access key\nmaker,,«akia»,«aws»\n",
    "exports/rootkey.csv": "AWSAccessKeyId=«akia»\nAWSSecretKey=«aws»\n",
    "exports/users.json": '{"users": [{"name": "ann",\n "password_hash": "«bcrypt»"}]}\n',
    "exports/wordpress.sql": "INSERT INTO `wp_users` (`ID`, `user_login`, `user_pass`) VALUES\n(1, 'maker', '«phpass»'),\n(2, 'ann', '«phpass»');\n",
    "exports/grants.sql": "GRANT ALL ON portal.* TO 'maker'@'%' IDENTIFIED BY '«human»';\nALTER USER 'root'@'localhost' IDENTIFIED WITH mysql_native_password BY '«human»';\nCREATE LOGIN portal WITH PASSWORD = '«human»';\n",
    "exports/setup.js": 'db.createUser({user: "maker", pwd: "«pw»", roles: ["root"]});\ndb.auth("maker", "«pw»");\n',
    "exports/redis-users.acl": "user maker on >«human» ~* +@all\n",
    "keys/id_ed25519": "-----BEGIN OPENSSH PRIVATE KEY-----«key»\nb3BlbnNzaC1rZXktdjEA«b64:36»\n«b64:48»\n«b64:48»\n«b64:30»\n-----END OPENSSH PRIVATE KEY-----\n",
    "keys/id_dsa": "-----BEGIN DSA PRIVATE KEY-----«key»\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,4F0F\n\n«b64:48»\n«b64:48»\n-----END DSA PRIVATE KEY-----\n",
    "keys/tls.pem": "-----BEGIN EC PRIVATE KEY-----«key»\n«b64:48»\n«b64:48»\n-----END EC PRIVATE KEY-----\n",
    "keys/secring.asc": "-----BEGIN PGP PRIVATE KEY BLOCK-----«key»\nVersion: GnuPG v2\n\n«b64:48»\n«b64:48»\n«b64:48»\n=«b64:3»\n-----END PGP PRIVATE KEY BLOCK-----\n",
    "keys/v3.ppk": "PuTTY-User-Key-File-3: ssh-ed25519«key»\nEncryption: none\nComment: k\nPublic-Lines: 2\n«b64:48»\n«b64:20»\nPrivate-Lines: 1\n«b64:36»\nPrivate-MAC: «hex:64»\n",
    "keys/jwk.json": '{"kty": "RSA", "e": "AQAB", "kid": "1",\n "d": "«urlsafe:342»",\n "n": "x"}\n',
    "keys/age.txt": "# created: 2026\n«age»\n",
    # Programs in many languages.
    "code/mailer.py": 'server.login("maker@brightside.co", "«human»")\nrequests.get(url, auth=("maker", "«human»"))\nos.environ["API_SECRET"] = "«alnum:30»"\nclient = Client(api_key="«alnum:32»")\nconn = psycopg2.connect(host="db", user="p", password="«pw»")\n',
    "code/upload.js": "const s3 = new AWS.S3({ accessKeyId: '«akia»', secretAccessKey: '«aws»' });\naxios.post(u, { client_secret: '«alnum:32»' });\nmongoose.connect('mongodb://maker:«pw»@ds1.mlab.brightside.co:12345/p');\n",
    "code/Mail.kt": 'val smtpPassword = "«pw»"\nprivate const val API_KEY: String = "«alnum:32»"\n',
    "code/Api.swift": 'let apiSecret = "«alnum:32»"\nstatic let authToken: String = "«hex:40»"\n',
    "code/api.rs": 'const API_KEY: &str = "«alnum:32»";\nlet password = String::from("«pw»");\n',
    "code/config.exs": 'config :portal, PortalWeb.Endpoint, secret_key_base: "«b64:48»"\nconfig :portal, Portal.Repo, password: "«human»"\n',
    "code/Ftp.java": 'client.login("maker", "«strong»");\nprops.setProperty("mail.smtp.password", "«pw»");\nDriverManager.getConnection(URL, "portal", "«pw»");\n',
    "code/Db.cs": 'var password = "«pw»";\nnew NetworkCredential("maker", "«pw»");\n',
    "code/db.pl": "my $password = '«pw»';\nDBI->connect('dbi:mysql:p', 'portal', '«pw»');\n",
    "code/deploy.ps1": "$password = \"«human»\"\n$sec = ConvertTo-SecureString '«pw»' -AsPlainText -Force\nnet use Z: \\\\nas\\share /user:maker «human»\n",
    "code/deploy.bat": "set FTP_PASSWORD=«human»\n",
    "code/deploy.sh": "export TOKEN='«alnum:40»'\nmysqldump --password=«human» p > b.sql\nlftp -u maker,«pw» ftp.brightside.co\nwget --http-password=«human» https://x.co\necho '«pw»' | sudo -S ls\necho 'maker:«pw»' | chpasswd\n",
    "code/main.tf.json": '{"provider": {"digitalocean": {"token": "«hex:64»"}}}\n',
    "code/analysis.ipynb": '{"cells": [{"cell_type": "code", "source": [\n "import os\\n",\n "API_KEY = \\"«alnum:32»\\"\\n",\n "conn = connect(user=\'p\', password=\'«pw»\')\\n"]}]}\n',
    "code/Info.plist": "<plist><dict>\n<key>BundleName</key>\n<string>Portal</string>\n<key>ApiSecret</key>\n<string>«alnum:32»</string>\n</dict></plist>\n",
    "code/res/values/strings.xml": '<resources>\n<string name="app_name">Portal</string>\n<string name="twitter_consumer_secret">«alnum:44»</string>\n</resources>\n',
    "code/DefaultEngine.ini": "[OnlineSubsystem]\nClientSecret=«alnum:40»\nDedicatedPort=7777\n",
    "code/.env.PROD": "jwt_secret=«human»\nTelegramBotToken=«telegram»\n",
    "code/production.ENV": "SENTRY_AUTH_TOKEN=«hex:64»\nPASSWORD: «human»\n",
    "code/env": "SECRET_KEY=«human»\n",
    "code/.env.bak": "DB_PASS=«human»\n",
    "code/config.inc.php": "<?php\n$cfg['blowfish_secret'] = '«alnum:32»';\n$cfg['Servers'][$i]['password'] = '«human»';\n",
    "code/config.ini": "[mysql]\nuser = portal\npass = «human»\n[api]\nkey = «alnum:32»\n",
    "code/config.toml": '[database]\npassword = "«human»"\n[github]\ntoken = """«hex:40»"""\n',
    "code/app.conf": 'play.http.secret.key = "«alnum:64»"\ndb.default.password = "«human»"\n',
    "notes/servers.txt": "live server\nuser: maker\npassword: «strong»\nroot pw: «strong»\n",
}
