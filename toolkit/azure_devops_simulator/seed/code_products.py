"""The repositories of Payments, Mobile App and Data: history and pull requests."""

from __future__ import annotations

from azure_devops_simulator.seed.code import DANA, LUIS, MINA, PRIYA, TOM
from azure_devops_simulator.seed.content import storage_env
from azure_devops_simulator.seed.story import RepositoryStory, Story, add, edit, put


def describe_products(story: Story) -> None:
    """Write down what happened outside Platform."""
    _checkout(story.repository("Payments", "checkout-service"))
    _ledger(story.repository("Payments", "ledger"))
    _app(story.repository("Mobile App", "tidewater-app"))
    story.repository("Data", "empty-lake")


def _checkout(checkout: RepositoryStory) -> None:
    first = add("/README.md", "/package.json", "/src/index.ts", "/src/cart.ts", "/src/payment/provider.ts")
    checkout.commit("2026-08-25 08:00", LUIS, "Take payments for extra services", first)
    tests = add("/tests/cart.test.ts", "/azure-pipelines.yml")
    checkout.commit("2026-08-27 13:30", MINA, "Add tests and CI", tests)
    receipts = add("/src/storage/receipts.ts", "/tests/fixtures/storage.sample.env", "/deploy/app.yaml")
    checkout.commit("2026-09-08 09:45", LUIS, "Write receipts to blob storage", receipts)
    leak = put("/deploy/storage.env", storage_env())
    checkout.commit("2026-10-07 18:22", LUIS, "Add storage settings for the smoke test", leak)
    checkout.commit(
        "2026-10-16 10:10", PRIYA, "Describe how a release is verified", add("/docs/release-verification.md")
    )
    version = edit("/README.md", "Takes payments for", "Takes card payments for")
    checkout.commit("2026-11-02 09:30", MINA, "Say that only cards are taken", version)
    _checkout_requests(checkout)


def _checkout_requests(checkout: RepositoryStory) -> None:
    rounding = edit(
        "/src/cart.ts",
        "sum + line.price * line.quantity * line.taxRate, 0)",
        "sum + Math.round(line.price * line.quantity * line.taxRate), 0)",
    )
    checkout.commit("2026-11-10 11:00", MINA, "Round tax per line", rounding, branch="feature/round-tax")
    tax = checkout.pull_request(
        "2026-11-10 11:08",
        MINA,
        "feature/round-tax",
        "Round tax per line, not per order",
        "The tax office wants every line to be right by itself. Orders may differ by a cent from before.",
        LUIS,
    )
    tax.vote("2026-11-11 10:00", LUIS, "approve-with-suggestions")
    pdf = edit("/src/storage/receipts.ts", "as JSON. */", "as JSON. The archive wants PDF/A later. */")
    checkout.commit("2026-11-17 15:00", LUIS, "Prepare receipts for the archive", pdf, branch="feature/receipt-archive")
    archive = checkout.pull_request(
        "2026-11-17 15:05",
        LUIS,
        "feature/receipt-archive",
        "Prepare receipts for the archive",
        "First step only, the format follows.",
        PRIYA,
    )
    archive.discuss(
        "2026-11-18 09:40", PRIYA, "Which retention does the archive have?", path="/src/storage/receipts.ts", line=6
    )


def _ledger(ledger: RepositoryStory) -> None:
    first = add(
        "/README.md", "/go.mod", "/main.go", "/internal/posting/posting.go", "/internal/posting/posting_test.go"
    )
    ledger.commit("2026-08-31 08:30", TOM, "Book balanced postings", first)
    ledger.commit("2026-09-01 09:00", TOM, "Add CI", add("/azure-pipelines.yml"))
    ledger.commit("2026-10-01 14:00", DANA, "Know accounting periods", add("/internal/store/periods.go"))
    closed = edit(
        "/internal/store/periods.go",
        "\tClosed bool\n}\n",
        "\tClosed bool\n}\n\n// Open reports whether entries may be booked.\n"
        "func (p Period) Open() bool { return !p.Closed }\n",
    )
    ledger.commit("2026-11-12 13:20", TOM, "Reject entries in closed periods", closed, branch="feature/closed-periods")
    ledger.pull_request(
        "2026-11-12 13:30",
        TOM,
        "feature/closed-periods",
        "Reject entries in closed periods",
        "Finance closed October and we still accepted two entries for it.",
        DANA,
    )


def _app(app: RepositoryStory) -> None:
    first = add("/README.md", "/package.json", "/src/api/client.ts", "/src/screens/TrackingScreen.tsx")
    app.commit("2026-09-02 08:00", MINA, "Track one shipment", first, add("/src/components/StatusBadge.tsx"))
    app.commit("2026-09-04 10:00", MINA, "Add CI", add("/azure-pipelines.yml"))
    arrival = (
        edit("/src/api/client.ts", "  status: string;\n", "  status: string;\n  estimatedArrival?: string;\n"),
        edit(
            "/src/screens/TrackingScreen.tsx",
            "      <StatusBadge",
            "      {shipment.estimatedArrival && <Text>Expected {shipment.estimatedArrival}</Text>}\n"
            "      <StatusBadge",
        ),
    )
    app.commit("2026-11-16 09:10", MINA, "Show the estimated arrival", *arrival, branch="feature/estimated-arrival")
    app.pull_request(
        "2026-11-16 09:20",
        MINA,
        "feature/estimated-arrival",
        "Show the estimated arrival on the tracking screen",
        "Uses the field platform-api sends since 2.8. Nothing is shown for older shipments.",
        PRIYA,
    )
