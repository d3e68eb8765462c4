"""Made-up secrets of the services and tools that stand beside Azure DevOps, in the files, logs and commands that hold them.

Each kind is written into carriers of every sort under names of every spelling. As in `secrets_corpus.py`, secrets are
put together from parts when the tests run, so that no file of this repository holds one.
"""

import base64
import json
import random
import string
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Sequence

from secrets_corpus import ALNUM, B64, PLACES, URL64, Labelled, basic_of, jwt_of, key_of, password_of, some_of

Maker = Callable[[random.Random], str]
HEX = "0123456789abcdef"
LOWER36 = string.ascii_lowercase + string.digits
EACH = 48

TOKENS: dict[str, Maker] = {
    "GitHub, each kind": lambda r: "gh" + r.choice("pousr") + "_" + some_of(r, ALNUM, 36),
    "GitHub, fine-grained": lambda r: "github" + "_pat_" + some_of(r, ALNUM, 22) + "_" + some_of(r, ALNUM, 59),
    "GitHub, installation with a JWT": lambda r: "gh" + f"s_{r.randint(10**5, 10**6)}_" + jwt_of(r),
    "GitLab, each kind": lambda r: "gl" + r.choice(["pat", "dt", "rt", "ptt", "oas", "soat", "ft", "imt", "agent", "ffct"]) + "-" + some_of(r, URL64, 20),
    "GitLab, routable": lambda r: "gl" + r.choice(["pat-", "rt-t1_"]) + some_of(r, URL64, 27) + "." + some_of(r, LOWER36, 2) + some_of(r, LOWER36, 7),
    "GitLab, job": lambda r: "gl" + "cbt-" + some_of(r, ALNUM, 2) + "_" + some_of(r, URL64, 20),
    "Slack, bot and user": lambda r: "xo" + f"x{r.choice('bp')}-{some_of(r, string.digits, 12)}-{some_of(r, string.digits, 13)}-{some_of(r, ALNUM, 24)}",
    "Slack, app": lambda r: "xa" + f"pp-1-A{some_of(r, string.ascii_uppercase, 10)}-{some_of(r, string.digits, 13)}-{some_of(r, HEX, 64)}",
    "npm": lambda r: "np" + "m_" + some_of(r, ALNUM, 36),
    "PyPI": lambda r: "pypi-" + "AgEIcHlwaS5vcmc" + some_of(r, URL64, 150),
    "NuGet": lambda r: "oy" + "2" + some_of(r, LOWER36, 43),
    "Docker": lambda r: "dckr" + r.choice(["_pat_", "_oat_"]) + some_of(r, URL64[:-2], 27),
    "Stripe": lambda r: r.choice("sr") + "k_" + r.choice(["live_", "test_"]) + some_of(r, ALNUM, r.choice([24, 99])),
    "Stripe, web hook": lambda r: "whs" + "ec_" + some_of(r, ALNUM, 32),
    "SendGrid": lambda r: "S" + "G." + some_of(r, URL64, 22) + "." + some_of(r, ALNUM, 43),
    "Twilio, API key": lambda r: "S" + "K" + some_of(r, HEX, 32),
    "Snyk, new": lambda r: "snyk" + "_uat." + some_of(r, HEX, 8) + "." + jwt_of(r).split(".")[1] + some_of(r, ALNUM, 40),
    "Sonar": lambda r: "sq" + r.choice("pua") + "_" + some_of(r, HEX, 40),
    "Terraform Cloud": lambda r: some_of(r, ALNUM, 14) + ".atl" + "asv1." + some_of(r, ALNUM, 67),
    "JFrog, API key": lambda r: "AK" + "Cp" + some_of(r, ALNUM, 69),
    "JFrog, reference token": lambda r: base64.b64encode(f"reft{'kn'}:01:{r.randint(10**9, 10**10 - 1)}:{some_of(r, ALNUM, 28)}".encode()).decode().rstrip("="),
    "Atlassian, API token": lambda r: "AT" + "ATT3" + some_of(r, URL64, 180) + "=" + some_of(r, HEX.upper(), 8),
    "Atlassian, Bitbucket": lambda r: "AT" + "BB" + some_of(r, ALNUM, 32),
    "Atlassian, access token": lambda r: "AT" + "CTT3" + some_of(r, URL64, 170) + "=" + some_of(r, HEX.upper(), 8),
    "OpenAI": lambda r: "s" + "k-" + r.choice(["", "proj-", "svcacct-", "admin-"]) + some_of(r, ALNUM, 20) + "T3Blbk" + "FJ" + some_of(r, ALNUM, 20),
    "Anthropic": lambda r: "s" + "k-ant-" + r.choice(["api03-", "admin01-", "oat01-"]) + some_of(r, URL64, 93) + "AA",
    "Google, API key": lambda r: "AI" + "za" + some_of(r, URL64, 34) + some_of(r, ALNUM, 1),
    "Google, OAuth secret": lambda r: "GOC" + "SPX-" + some_of(r, URL64, 27) + some_of(r, ALNUM, 1),
    "Google, access token": lambda r: "ya" + "29.a0" + some_of(r, URL64, 160),
    "Google, refresh token": lambda r: "1/" + "/0" + some_of(r, ALNUM, 1) + some_of(r, URL64, 60),
    "Databricks": lambda r: "da" + "pi" + some_of(r, HEX, 32) + r.choice(["", "-2"]),
    "Amazon, access key": lambda r: "AK" + "IA" + some_of(r, string.ascii_uppercase + "234567", 16),
    "Amazon, Bedrock": lambda r: "AB" + "SK" + base64.b64encode(f"BedrockAPIKey-{some_of(r, LOWER36, 4)}-at-{some_of(r, string.digits, 12)}:{some_of(r, ALNUM, 60)}".encode()).decode(),
    "Azure, AI services": lambda r: some_of(r, ALNUM, 52) + "JQ" + "QJ99" + some_of(r, ALNUM, 26),
    "Azure, search": lambda r: some_of(r, ALNUM, 42) + "Az" + "Se" + some_of(r, ALNUM, 6),
    "Azure, functions": lambda r: some_of(r, URL64[:-2], 44) + "Az" + "Fu" + some_of(r, ALNUM, 6) + "==",
    "Azure, container registry": lambda r: some_of(r, B64, 42) + "+A" + "CR" + some_of(r, ALNUM, 6),
    "Entra, refresh token": lambda r: r.choice("01") + "." + "AX" + some_of(r, URL64, 80) + ".AgAB" + some_of(r, URL64, 600),
    "Entra, personal account": lambda r: "M." + f"C{r.randint(100, 599)}_BAY.0.U.-C" + some_of(r, ALNUM + "!*", 300),
    "LangSmith": lambda r: "ls" + "v2_" + r.choice(["pt_", "sk_"]) + some_of(r, HEX, 32) + "_" + some_of(r, HEX, 10),
    "Hugging Face": lambda r: "h" + "f_" + some_of(r, string.ascii_letters, 33) + "7",
    "Grafana": lambda r: "gl" + "sa_" + some_of(r, ALNUM, 32) + "_" + some_of(r, HEX, 8),
    "Vault": lambda r: "hv" + "s." + some_of(r, ALNUM, 90),
    "DigitalOcean": lambda r: "do" + "p_v1_" + some_of(r, HEX, 64),
    "New Relic": lambda r: "NR" + "AK-" + some_of(r, string.ascii_uppercase + string.digits, 27),
    "JWT": jwt_of,
}  # fmt: skip
"""Tokens that are known by their own form."""

NAMED: tuple[str, ...] = (
    "{0}={1}", "export {0}={1}", "{0}='{1}'", 'set {0}={1}', "ENV {0}={1}", "{0}: {1}", '{0}: "{1}"', "    {0}: '{1}'",
    "- name: {0}\n  value: {1}", '- name: {0}\n  value: "{1}"', '{{"{0}": "{1}"}}', '{{\n  "user": "sa",\n  "{0}": "{1}",\n  "port": 1\n}}',
    '{{"name": "{0}", "value": "{1}"}}', '{{"name": "{0}",\n "value": "{1}", "slotSetting": false}}', '"{0}": {{ "value": "{1}" }}',
    '"{0}": {{"isSecret": false, "value": "{1}"}}', '"{{\\"{0}\\": \\"{1}\\"}}"', '<add key="{0}" value="{1}" />', "<{0}>{1}</{0}>",
    '<entry key="{0}">{1}</entry>', "<key>{0}</key>\n<string>{1}</string>", '<config {0}="{1}" />', '{0} = "{1}"', '{0} = {1}',
    '{0}   = "{1}" # rotated', 'var {0} = "{1}";', 'private const string {0} = "{1}";', 'string {0} = @"{1}";',
    '$env:{0} = "{1}"', "${0} = '{1}'", "const {0} = '{1}';", "const {0}: string = '{1}';", '{0}: str = "{1}"', "config['{0}'] = '{1}'",
    'client = Client(user="sa", {0}="{1}")', 'System.setProperty("{0}", "{1}");', '{0} := "{1}"', "{0}: `{1}`,", "--{0} {1}", "--{0}={1}",
    "deploy.sh -{0} '{1}' -Force", "/p:{0}={1}", "2026-11-20T09:30:05Z [info] {0}={1} retry=3", "##[debug]{0}: {1}",
    "##vso[task.setvariable variable={0};issecret=true]{1}", "https://host/hook?api-version=7&{0}={1}&x=1", "kubectl create secret generic x --from-literal={0}={1}",
    "{0}=\"{1}\" npm run deploy", "| {0} | `{0}={1}` |", "docker run -e {0}={1} -d image:1",
)  # fmt: skip
"""Where a name and its value stand."""
NO_SIGNS = frozenset({
    "https://host/hook?api-version=7&{0}={1}&x=1", "<{0}>{1}</{0}>", "| {0} | `{0}={1}` |",
})  # fmt: skip
"""Places where signs would be written in another way."""

PASSWORDS = (
    "DB_PASSWORD",
    "dbPassword",
    "db-password",
    "Password",
    "password",
    "sql_passwd",
    "PGPASSWORD",
    "userPWD",
    "adminPassword",
    "Pass",
    "smtp_pass",
    "MYSQL_PWD",
)
TOKEN_NAMES = ("API_TOKEN", "apiToken", "access-token", "clientSecret", "CLIENT_SECRET", "_authToken", "github_token", "X-Auth-Token", "PRIVATE-TOKEN", "deployPat", "AZURE_CREDENTIAL", "webhook_secret")  # fmt: skip
KEY_NAMES = ("API_KEY", "apiKey", "X-Api-Key", "subscription-key", "Ocp-Apim-Subscription-Key", "x-functions-key", "AccessKey", "STORAGE_KEY", "openai_key", "signing-key", "masterKey", "AZURE_SEARCH_KEY")  # fmt: skip


def _signs(r: random.Random) -> str:
    """A password with the signs that have a meaning in shells and in code."""
    word = some_of(r, string.ascii_letters, 3) + some_of(r, string.digits, 2)
    rest = [some_of(r, ALNUM, 2) + sign for sign in r.sample("$*()[]{}|!#%^+?", 5)]
    return word + r.choice("*!)]|%") + "".join(rest) + some_of(r, ALNUM, 3)


BY_NAME: dict[str, tuple[Sequence[str], Maker]] = {
    "password of a person": (PASSWORDS, password_of),
    "password of a machine": (PASSWORDS, lambda r: some_of(r, ALNUM, 18) + "4"),
    "password with signs": (PASSWORDS, _signs),
    "word and year": (PASSWORDS, lambda r: r.choice(["Kestrel", "Harbour", "Bollard"]) + str(r.randint(1970, 2030)) + r.choice("!?")),
    "long value": (TOKEN_NAMES, lambda r: some_of(r, URL64, r.randint(301, 3000)) + "x1"),
    "GUID": (TOKEN_NAMES, lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
    "GUID under the name of a key": (KEY_NAMES, lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
    "key of 32 hex digits": (KEY_NAMES, lambda r: some_of(r, HEX, 32)),
    "key of 40 hex digits": (KEY_NAMES, lambda r: some_of(r, HEX, 40)),
    "key in Base64": (KEY_NAMES, lambda r: key_of(r, 32)),
    "opaque token": (TOKEN_NAMES, lambda r: some_of(r, ALNUM, 32)),
    "token of lower-case letters and digits": (TOKEN_NAMES, lambda r: some_of(r, LOWER36, 24)),
    "Datadog": (("DD_API_KEY", "DD_APP_KEY", "dd-api-key", "DATADOG_API_KEY", "datadog.apiKey", "DD-APPLICATION-KEY"), lambda r: some_of(r, HEX, r.choice([32, 40]))),
    "Snyk": (("SNYK_TOKEN", "snykToken", "snyk.token"), lambda r: str(uuid.UUID(int=r.getrandbits(128)))),
    "Twilio, auth token": (("TWILIO_AUTH_TOKEN", "authToken", "twilio.auth-token"), lambda r: some_of(r, HEX, 32)),
    "Azure OpenAI": (("AZURE_OPENAI_API_KEY", "AzureOpenAI__ApiKey", "api-key"), lambda r: some_of(r, HEX, 32)),
}  # fmt: skip
"""Values that are known by the name beside them."""


def _percent(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def _sas(r: random.Random) -> str:
    return _percent(key_of(r, 32))


def _secret_yaml(data_first: bool) -> str:
    data = "data:\n  username: YWRtaW4=\n  connection: {}\n"
    kind = "kind: Secret\nmetadata:\n  name: db\n"
    return "apiVersion: v1\n" + (data + kind if data_first else kind + "type: Opaque\n" + data)


PLACED: dict[str, tuple[Sequence[str], Maker]] = {
    "secret variable of a pipeline": (
        (
            "##vso[task.setvariable variable=x;issecret=true]{}", 'echo "##vso[task.setvariable variable=x;isSecret=true]{}"',
            "##vso[task.setvariable issecret=TRUE;variable=x;isOutput=true]{}", "Write-Host '##vso[task.setvariable variable=Key;isoutput=true;issecret=true]{}'",
            "2026-11-20T09:30:05Z ##vso[task.setsecret]{}", "::add-mask::{}", 'print("##vso[task.setvariable variable=x;issecret=true]{}")',
        ),
        lambda r: r.choice([password_of, _signs, lambda r: some_of(r, string.ascii_lowercase, 14)])(r),
    ),
    "opaque bearer": (
        (
            "Authorization: Bearer {}", "authorization: bearer {}", '"Authorization": "Bearer {}"', "curl -H 'Authorization: Bearer {}' https://host",
            "headers = {{'Authorization': 'Bearer {}'}}", "> authorization: Bearer {}\r\n> accept: */*", "git -c http.extraheader=\"AUTHORIZATION: bearer {}\" clone x",
            "client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(\"Bearer\", \"{}\");", "Bearer%20{}", "[debug] token sent: Bearer {}",
        ),
        lambda r: some_of(r, r.choice([ALNUM, URL64, LOWER36]), r.randint(24, 60)),
    ),
    "other authorization": (
        (
            "Authorization: token {}", "Authorization: ApiKey {}", "Authorization: SSWS {}", "'Authorization': 'Token {}'", "Authorization: {}", "Authorization: GenieKey {}",
            "request.headers['authorization'] = '{}'", "-H \"Authorization: Key {}\"",
        ),
        lambda r: some_of(r, ALNUM, r.randint(24, 60)),
    ),
    "basic, any password": (
        (
            "Authorization: Basic {}", "authorization: basic {}", '"Authorization": "Basic {}"', "Proxy-Authorization: Basic {}", "curl -H 'Authorization: Basic {}' x",
            "git -c http.extraheader=\"AUTHORIZATION: basic {}\" fetch", "< proxy-authorization: Basic {}\r\n", "$headers = @{{ Authorization = \"Basic {}\" }}",
        ),
        lambda r: basic_of(r.choice(["", "build", "admin@tide.example.org"]), r.choice([password_of(r), some_of(r, string.ascii_lowercase, 6), "pw", _signs(r)])),
    ),
    "docker configuration": (
        (
            '{{"auths": {{"tide.azurecr.io": {{"auth": "{}"}}}}}}', '{{\n\t"auths": {{\n\t\t"https://index.docker.io/v1/": {{\n\t\t\t"auth": "{}"\n\t\t}}\n\t}}\n}}',
            '"{{\\"auths\\":{{\\"x\\":{{\\"auth\\":\\"{}\\"}}}}}}"', "//registry.npmjs.org/:_auth={}", "_auth = {}", "//pkgs.dev.azure.com/tide/:_auth=\"{}\"",
        ),
        lambda r: basic_of(r.choice(["build", "00000000-0000-0000-0000-000000000000"]), r.choice([password_of, lambda r: some_of(r, ALNUM, 30)])(r)),
    ),
    "docker configuration in Base64": (
        (".dockerconfigjson: {}", '".dockerconfigjson": "{}"', "DOCKER_CONFIG_JSON={}"),
        lambda r: base64.b64encode(json.dumps({"auths": {"x.azurecr.io": {"auth": basic_of("build", password_of(r))}}}).encode()).decode(),
    ),
    "shared access signature": (
        (
            "https://t.blob.core.windows.net/c/f?sv=2024-11-04&se=2027-01-01&sr=b&sp=r&s" + "ig={}",
            "https://t.blob.core.windows.net/c?skoid=8f2c1e9a-0b1d-4c3e-9f00-1234567890ab&sktid=8f2c1e9a-0b1d-4c3e-9f00-1234567890ab&skt=2026-11-20T09%3A30%3A05Z&ske=2026-11-21T09%3A30%3A05Z&sks=b&skv=2024-11-04&sv=2024-11-04&sr=c&sp=rl&s" + "ig={}",
            "SharedAccess" + "Signature sr=tide.azure-devices.net%2Fdevices%2Fx&s" + "ig={}&se=1790000000&skn=owner",
            "Authorization: SharedAccess" + "Signature sr=sb%3a%2f%2ftide&s" + "ig={}&se=1790000000&skn=Root",
            "BlobEndpoint=https://t.blob.core.windows.net/;SharedAccess" + "Signature=sv=2024&ss=b&srt=sco&sp=r&s" + "ig={}",
            "aeg-sas-token: r=https%3a%2f%2ftide.eventgrid.azure.net%2fapi%2fevents&e=11%2f20%2f2026&s={}",
            "https://login.example.org/?redirect=https%3A%2F%2Ft.blob.core.windows.net%2Fc%3Fsv%3D2024%26s" + "ig%3D{}",
            "https://prod-17.westeurope.logic.azure.com/workflows/8f2c/triggers/manual/paths/invoke?api-version=2016-10-01&sv=1.0&s" + "ig={}",
        ),
        _sas,
    ),
    "event grid key": (("aeg-sas-key: {}", "'aeg-sas-key': '{}'", '"aeg-sas-key": "{}"', "aeg-sas-key={}"), lambda r: key_of(r, 32)),
    "keys of an account": (
        (
            '{{"keyName": "key1", "permissions": "FULL", "value": "{}"}}', '{{\n "creationTime": null,\n "keyName": "key2",\n "permissions": "FULL",\n "value": "{}"\n}}',
            '"key1": "{}"', "key2: {}", "key1={}", "Key1: {}",
        ),
        lambda r: r.choice([key_of(r, 64), some_of(r, HEX, 32)]),
    ),
    "command": (
        (
            "az login --service-principal -u 8f2c1e9a -p {} --tenant tide", "az login -u build@tide.example.org -p '{}'", "az login --service-principal --username x --password {}",
            "docker login tide.azurecr.io -u build -p {}", "docker login -u build --password {} tide.azurecr.io", "podman login -p '{}' -u x host", "helm registry login host -u x -p {}",
            "sshpass -p {} ssh build@host", "sshpass -p '{}' scp x y", "sshpass -p{} ssh host", "mysql -u root -p{} tide", "mysql -h db -uroot -p'{}' -e 'select 1'", "mysqldump -p{} tide > x.sql",
            "redis-cli -h cache -a {} ping", "sqlcmd -S db -U sa -P {} -Q x", "sqlcmd -S db -U sa -P '{}'", "curl -u build:{} https://host", "curl --user 'build:{}' https://host",
            "PGPASSWORD={} psql -h db", "psql postgres://build:{}@db:5432/tide", "keytool -storepass {} -list", "openssl pkcs12 -passin pass:{} -in x", "openssl rsa -passout 'pass:{}'",
            "plink -ssh build@host -pw {}", "net use x: /user:build --password {}", "echo {} | docker login -u x --password-stdin host", "echo '{}' | az acr login --password-stdin -n x",
            "dotnet nuget add source https://host -n x -u build --password {}", "msbuild /p:Password={} x.proj", "wget --http-password={} https://host", "sonar-scanner -Dsonar.password={}",
            "mvn deploy -Dpassword={}", "gradle publish -Ppassword={}", "tool.exe -Password {} -Force", "Connect-Tool -User x -Password '{}'", "vault kv put secret/db password={}",
        ),
        password_of,
    ),
    "netrc and pgpass": (
        (
            "machine dev.azure.com login build password {}", "machine dev.azure.com\nlogin build\npassword {}", "machine host\n  login build\n  password {}\nmachine other login x password y",
            "default login build password {}", "db:5432:tide:build:{}",
        ),
        password_of,
    ),
    "address": (
        (
            "https://build:{}@host/x.git", "git clone https://:{}@dev.azure.com/tide/_git/x", "postgres://build:{}@db:5432/tide", "redis://:{}@cache:6379/0", "amqps://build:{}@mq/vhost",
            "pip install --index-url https://build:{}@pkgs.dev.azure.com/simple x", "mongodb+srv://build:{}@cluster0.mongodb.net/tide", "HTTPS_PROXY=http://build:{}@proxy:3128",
            "jdbc:oracle:thin:build/{}@//db:1521/tide", "extra-index-url = https://x:{}@host/simple",
        ),
        lambda r: r.choice([some_of(r, ALNUM, 14), some_of(r, string.ascii_lowercase, 12), _percent(password_of(r)).replace(".", "x")]),
    ),
    "connection string": (
        (
            "Server=tcp:db,1433;Database=x;User ID=sa;Pass" + "word={};Encrypt=true", "Data Source=db;uid=sa;p" + "wd={}", "Server=db;User=sa;Pass" + "word=\"{}\";Encrypt=true",
            "Driver={{ODBC}};Server=db;UID=sa;PWD={{{}}};", "jdbc:sqlserver://db:1433;databaseName=x;user=sa;password={};encrypt=true", "jdbc:mysql://db/x?user=sa&password={}&ssl=true",
            '"Default": "Host=db;Username=sa;Pass' + 'word={};Port=5432"', "cache.redis.cache.windows.net:6380,password={},ssl=True,abortConnect=False", "Host=db; Username=sa; Password = {}; Port=1",
            "Server=db;User=sa;Pwd='{}';Port=1", "AuthType=ClientSecret;Url=https://x;ClientId=8f2c;ClientSecret={}",
        ),
        lambda r: r.choice([password_of, lambda r: some_of(r, ALNUM, 20)])(r).replace(".", "x"),
    ),
    "quoted with blanks and semicolons": (
        ('Server=db;User=sa;Password="{}";Encrypt=true', "Server=db;User=sa;Pwd='{}';Port=1", 'password: "{}"', '"password": "{}"', 'DB_PASSWORD="{}"'),
        lambda r: some_of(r, string.ascii_letters, 4) + r.choice("!#") + some_of(r, ALNUM, 5) + "7" + r.choice([" ", "; "]) + some_of(r, ALNUM, 6),
    ),
    "PowerShell": (
        (
            'ConvertTo-SecureString "{}" -AsPlainText -Force', "ConvertTo-SecureString -String '{}' -AsPlainText -Force", "ConvertTo-SecureString -AsPlainText -Force -String \"{}\"",
            "'{}' | ConvertTo-SecureString -AsPlainText -Force", "ConvertTo-SecureString {} -AsPlainText -Force", 'New-Object Net.NetworkCredential("build", "{}")', "-Password '{}'", "-ApiKey '{}'",
        ),
        lambda r: password_of(r) + some_of(r, ALNUM, 6),
    ),
    "code": (
        (
            'new NetworkCredential("build", "{}")', "HTTPBasicAuth('build', '{}')", "requests.get(url, auth=('build', '{}'))", 'builder.setPassword("{}");', '.withPassword("{}")',
            'os.environ["DB_PASSWORD"] = "{}"', 'Environment.SetEnvironmentVariable("DB_PASSWORD", "{}");', "CREATE LOGIN build WITH PASSWORD = '{}';", "CREATE USER x IDENTIFIED BY '{}';",
            "ALTER USER build WITH PASSWORD '{}'", 'Password = "{}",', 'Password: "{}",', "password => '{}'", 'if (password == "{}") {{', 'password = """{}"""', "<password><![CDATA[{}]]></password>", 'password := "{}"', "pass: '{}'", 'let dbPassword = "{}".to_string();',
        ),
        lambda r: some_of(r, ALNUM, 16) + "9q",
    ),
    "Kubernetes": (
        (_secret_yaml(data_first=True), _secret_yaml(data_first=False), '{{"apiVersion": "v1", "data": {{"connection": "{}"}}, "kind": "Secret"}}',
         '{{\n  "kind": "Secret",\n  "data": {{\n    "a": "{}"\n  }}\n}}'),
        lambda r: base64.b64encode(password_of(r).encode()).decode(),
    ),
    "block of YAML": (("password: |\n  {}", "clientSecret: >-\n  {}\n", "    token: |-\n      {}\n"), lambda r: some_of(r, ALNUM, 24) + "x4"),
    "package manager": (
        ("//registry.npmjs.org/:_authToken={}", "//pkgs.dev.azure.com/tide/_packaging/x/npm/:password_of={}", '<add key="ClearTextPassword" value="{}" />', "password = {}", "npmAuthToken: {}", "password_of=\"{}\""),
        lambda r: r.choice([key_of(r, 30), some_of(r, ALNUM, 40)]),
    ),
    "web hook": (
        ("https://hooks.slack.com/" + "services/{}", '"SLACK_URL": "https://hooks.slack.com/' + 'services/{}"', "https://tide.webhook.office.com/webhookb2/8f2c@9e/IncomingWeb" + "hook/{}", "curl https://discord.com/api/web" + "hooks/123456789012345678/{}"),
        lambda r: f"T{some_of(r, string.ascii_uppercase, 8)}/B{some_of(r, string.ascii_uppercase, 10)}/{some_of(r, ALNUM, 24)}",
    ),
    "session of a browser": (("Cookie: FedAuth={}; x=1", "Set-Cookie: FedAuth={}; secure", "Cookie: a=b; FedAuth1={}"), lambda r: key_of(r, 300)),
    "emphasis in Markdown and HTML": (
        ("**Password:** {}", "**password**: {}", '**password**="{}"', "***Token:*** {}", "- **Client secret**: `{}`", "*Password*: {}", "<b>password</b>: {}", "<strong>Password:</strong> {}", "<th>Token</th>: {}"),
        lambda r: some_of(r, ALNUM, 16) + "9q",
    ),
    "sentence": (("The password is {} for now.", "password is now: {}", "I set the token to {}, please rotate it", "the secret was {}"), lambda r: some_of(r, ALNUM, 8) + "4!" + some_of(r, ALNUM, 8) + "$7"),
}  # fmt: skip
"""Secrets that are known by where they stand."""


def tokens_in_use(seed: int = 20261128) -> Iterator[Labelled]:
    """Each token of a service, in all places and beside names that say nothing."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    for kind, make in TOKENS.items():
        for index in range(EACH):
            secret = make(r)
            place = (
                PLACES[index]
                if index < len(PLACES)
                else NAMED[index].replace("{0}", "ARTIFACT_VALUE").replace("{1}", "{}")
            )
            yield Labelled(kind, place.format(secret), secret)


def values_by_name(seed: int = 20261129) -> Iterator[Labelled]:
    """Each kind of value, under each name, in each place where a name and its value stand."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    for kind, (names, make) in BY_NAME.items():
        places = [place for place in NAMED if kind != "password with signs" or place not in NO_SIGNS]
        for index in range(2 * len(places)):
            secret = make(r)
            yield Labelled(kind, places[index % len(places)].format(names[index % len(names)], secret), secret)


def values_by_place(seed: int = 20261130) -> Iterator[Labelled]:
    """Each kind of secret in each command, header and file that has a place for it."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    for kind, (places, make) in PLACED.items():
        for index in range(max(EACH, 2 * len(places))):
            secret = make(r)
            yield Labelled(kind, places[index % len(places)].format(secret), secret)
