"""Lines of code in which a name says that its value is secret, and the value is a name, a reference or an expression."""

import random
from collections.abc import Iterator

from secrets_corpus import Labelled

NAMES = (
    "password", "Password", "dbPassword", "DB_PASSWORD", "passwd", "pwd", "pass", "secret", "clientSecret", "CLIENT_SECRET", "token",
    "Token", "accessToken", "access_token", "API_TOKEN", "apiKey", "api_key", "API_KEY", "X-Api-Key", "credential", "credentials", "subscriptionKey",
    "storage_account_key", "signingKey", "authKey", "pat", "AZURE_DEVOPS_PAT", "refreshToken", "x-functions-key", "sharedKey",
)  # fmt: skip

EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "member access": (
        "cts2.Token", "module.db1.password", "self.settings2.password", "this.config.apiKey1", "options?.auth2?.token", "user.Password!", "data.azurerm_key_vault_secret.db2.value",
        "var.db1_password", "local.secrets1.api_key", "props.token2", "context.Secrets[\"db1\"]", "settings::db2::password", "row->secret1", "e.t.x2", "AppSettings.Keys.Key1",
        "builder.Configuration[\"Keys:Api2\"]", "azurerm_storage_account.sa1.primary_access_key", "kubernetes_secret_v1.db.data", "module.app[0].client_secret", "Base64.Url2",
    ),
    "call": (
        "GetToken(2)", "read_file(\"token1\")", "os.getenv(\"API_TOKEN_2\")", "os.environ[\"DB2_PASSWORD\"]", "process.env.TOKEN2", "Environment.GetEnvironmentVariable(\"PAT2\")",
        "await getToken2()", "getpass.getpass()", "random_password.db1.result", "random.token_hex(16)", "secrets.token_urlsafe(32)", "crypto.randomBytes(32)", "hash1(password2)",
        "str(uuid4())", "base64encode(var.secret1)", "sha256(value2)", "client.GetSecret(\"db1\")", "decode(token2, keys[0])", "f2(x1)", "new Token2()", "Guid.NewGuid().ToString(\"N\")",
    ),
    "reference": (
        "$(DbPassword1)", "${{ secrets.DB_PASSWORD_2 }}", "${DB_PASSWORD_1}", "$DB_PASSWORD_1", "%DB_PASSWORD_1%", "{{ .Values.db1.password }}", "{{password1}}", "#{Password1}#",
        "$env:API_TOKEN2", "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/db1/)", "[parameters('password1')]", "[variables('key2')]", "$[variables.token1]",
        "!Ref DbPassword1", "!vault", "*password1", "<your-token-1>", "<%= token1 %>", "op://vault1/db/password", "env:TOKEN_2", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db1",
        "projects/p1/secrets/db/versions/2", "vault:secret/data/db1#password", "ref+azurekeyvault://kv1/db", "file:///run/secrets/token1", "/run/secrets/db1_password", "secretref:db-1",
    ),
    "name": (
        "password1", "token2", "cl100k_base", "sha256", "oauth2", "base64url", "tok_req_1", "eph_5m", "key1", "secret_v2", "AES256", "Bearer2", "utf8", "TOKEN_STREAM_HOP1", "_value2", "access_token_v2",
        "user2token", "step1", "db1", "HS256", "md5", "int32", "uint8", "string2", "p2p", "k8s", "ES2022", "Http2", "x86_64", "none", "admin", "true", "required", "Optional1",
    ),
    "number": ("4096", "0x1F", "1.2.3", "30d", "512Mi", "10m", "-1", "1e-5", "2026-11-20", "60s", "16k", "99%"),
    "format": ("{token1}", "{0}", "%s", "%(password1)s", "user-{name1}", "Bearer {token2}", "{user1}:{password1}", "{{0}}", "lc-image-{uuid4().hex}"),
    "type": ("string", "Optional[str]", "Secret2", "string | null", "List<Token2>", "SecretStr", "Option<String>", "*string", "[]byte", "&str", "int64", "Vec<u8>", "Record<string, Token2>"),
    "sum": ("size*2+1", "a1+b2", "x2|y3", "n1-1", "t1?x1:y2", "!token2", "i1<n2", "k1&&k2", "a1==b2", "p1^p2"),
    "colour": ("#AB0909", "#0af", "#976806"),
    "pattern": ("[A-Za-z0-9]{8,}", "^[a-f0-9]{32}$", "\\\\d{4}-\\\\d{2}", "(?:[^:]+):(.+)", "[0-9A-F]{1,4}"),
}  # fmt: skip

SHAPES: tuple[str, ...] = (
    "{0} = {1}", "{0} = {1};", "    {0}: {1},", "{0}: {1}", "{0}={1}", "var {0} = {1};", "const {0} = {1};", "return new Client({0}: {1});", "client = Client({0}={1}, retries=3)",
    "self.{0} = {1}", "this.{0} = {1};", "if ({0} == {1}) {{", "{0} := {1}", "export {0}={1}", "  - name: {0}\n    value: {1}", "public {0}: {1};", "private readonly string {0} = {1};",
    "let {0}: {1} = load();", "f({0}={1})", "{{ {0}: {1} }}", "--{0} {1}", "--{0}={1}", "ENV {0}={1}", "| {0} | {1} |", "{0} -> {1}", "def read({0}: {1}) -> None:", "// {0}: {1}", "`{0}` is {1}",
)  # fmt: skip
QUOTED: tuple[str, ...] = (
    '{0} = "{1}"', '"{0}": "{1}",', "{0}: '{1}'", '<add key="{0}" value="{1}" />', 'f({0}="{1}")', 'x["{0}"] = "{1}";', '-{0} "{1}"', 'Set("{0}", "{1}")',
)  # fmt: skip
"""In quotes stand references, names, numbers, formats and colours; what else is in quotes is a text, and may be secret."""


def lines_of_code(seed: int = 20261201) -> Iterator[Labelled]:
    """Every expression in every shape, under one name after the other."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    for kind, values in EXPRESSIONS.items():
        shapes = SHAPES if kind in {"call", "member access", "type", "sum", "pattern"} else (*SHAPES, *QUOTED)
        for value in values:
            for shape in shapes:
                yield Labelled(f"code: {kind}", shape.format(r.choice(NAMES), value))
