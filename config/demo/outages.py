"""What goes badly wrong in the demo's year, told as plain data. Nothing here is real."""

from config.demo.plot import Lesson, Plot

CHECKOUT_DOWN = Plot(
    service="checkout",
    rank=1,
    title="Checkout fails for customers in Europe",
    alert="Checkout error rate 38 %",
    cause="The payment client of release {version} opens a new connection for every request",
    mitigation="rollback",
    fix="The connection pool is back and covered by a test",
    updates=(
        "Checkout fails for customers in Europe. Calls to the payment provider time out. {lead} compares the"
        " last release with the one before.",
        "Timeouts began 7 minutes after release {version}. The rollback is prepared; a dry run looks clean.",
        "Rollback finished. Error rate falls from 38 % to 2 %. We watch it for half an hour.",
    ),
    public=(
        "Customers in Europe cannot pay at the moment. We know where the trouble is and are working on it."
        " Nothing is charged twice.",
        "Paying works again. We keep watching closely.",
        "Paying has worked normally for a while now. We are sorry for the trouble.",
    ),
    share=38,
    also=("payments",),
    deploy="checkout",
    lesson=Lesson(
        root_cause="The release changed how the payment client is built. Each request opened its own"
        " connection, and the provider's limit of 500 connections was reached within seven minutes.",
        factors=(
            "The test system has one user, so the limit was never near.",
            "The canary looks at errors of the first five minutes only.",
            "The dashboard shows connections per pod and not in total.",
        ),
        well=("The first alert came before the first customer report.", "The rollback took six minutes."),
        poorly=(
            "The first public notice came after the first questions of customers.",
            "Two people looked at the same logs for ten minutes.",
        ),
        actions=(
            ("Let the canary run for 30 minutes before a release goes on", "prevent"),
            ("Alert on connections to the payment provider in total", "detect"),
            ("Write the first public notice from a template", "process"),
        ),
    ),
)

SEVERE = (
    CHECKOUT_DOWN,
    Plot(
        service="accounts",
        rank=2,
        title="Sign-in fails for every third customer",
        alert="Accounts: 34 % of sign-ins end with an error",
        cause="Session storage ran out of memory after the weekly export",
        mitigation="scale-up",
        fix="The export reads from a copy, sessions have a limit of their own",
        updates=(
            "Every third sign-in fails. People who are signed in are not affected. Session storage is slow.",
            "Session storage is full. We add memory now; the export that filled it is stopped.",
        ),
        public=(
            "Some customers cannot sign in. Whoever is signed in can go on. We are working on it.",
            "Signing in works again. We keep watching.",
            "Signing in has been back to normal for a while.",
        ),
        share=34,
        lesson=Lesson(
            root_cause="The weekly export loads all sessions at once. With this month's growth they no longer"
            " fit into memory beside the running ones.",
            factors=("Storage has one limit for everything.", "The export has grown for a year unwatched."),
            well=("On-call had a runbook for full session storage.",),
            poorly=("The alert named the symptom, and finding the storage took 12 minutes.",),
            actions=(
                ("Let the weekly export read from a copy", "prevent"),
                ("Alert when session storage is three quarters full", "detect"),
            ),
        ),
    ),
    Plot(
        service="search",
        rank=2,
        title="Search finds nothing for new products",
        alert="Search: index is 3 hours behind",
        cause="One malformed product stops the indexer at every start",
        mitigation="feature-flag-off",
        fix="The indexer sets a malformed product aside and goes on",
        updates=(
            "Products added since this morning are not found. The indexer restarts in a circle.",
            "One product with an empty price stops it. We skip it by the flag and index again.",
        ),
        public=(
            "Products added today may not show up in search. Everything else works. We are working on it.",
            "Search finds new products again; the last ones follow within the hour.",
            "Search is complete again.",
        ),
        share=12,
        deploy="search",
        lesson=Lesson(
            root_cause="The indexer treats a product it cannot read as fatal and starts over from there.",
            factors=("Prices became optional in the catalog without a word to search.",),
            well=("Nothing was lost: the queue kept everything.",),
            poorly=("The index was three hours behind before anybody was told.",),
            actions=(
                ("Alert when the index is 15 minutes behind", "detect"),
                ("Agree on a contract test between catalog and search", "prevent"),
            ),
        ),
    ),
    Plot(
        service="payments",
        rank=2,
        title="Refunds are booked an hour late",
        alert="Payments: refund queue older than 45 min",
        cause="The provider slows our account after the limit of last month's contract",
        mitigation="shed-load",
        fix="The contract has a higher limit, and refunds a queue of their own",
        updates=(
            "Refunds wait about an hour. Payments are not affected. The provider answers with a rate limit.",
            "We send refunds more slowly so that payments stay fast. The provider raises the limit today.",
        ),
        public=(
            "Refunds arrive about an hour late. Payments are not affected.",
            "Refunds are sent again. The ones that waited arrive within two hours.",
            "All refunds have been sent.",
        ),
        share=3,
        source="customer_report",
        lesson=Lesson(
            root_cause="Payments and refunds share one account with the provider and so one limit.",
            factors=("The limit stood in a contract that nobody on call had read.",),
            well=("Support told us within ten minutes of the first question.",),
            poorly=("No alert: customers noticed first.",),
            actions=(("Watch how near we are to the provider's limits", "detect"),),
        ),
    ),
    Plot(
        service="storefront",
        rank=2,
        title="Product pages load for 12 seconds",
        alert="Storefront: p75 of loading above 10 s",
        cause="Release {version} asks the catalog once for every picture",
        mitigation="rollback",
        fix="Pictures are asked for together again",
        updates=(
            "Product pages take 12 seconds. The catalog gets ten times its usual traffic.",
            "It began with release {version}. We roll back.",
        ),
        public=(
            "Product pages load slowly. We are working on it.",
            "Pages are fast again. We keep watching.",
            "Pages have been fast for a while now.",
        ),
        share=60,
        also=("product-catalog",),
        deploy="storefront",
        lesson=Lesson(
            root_cause="A change of the picture list made one request of every picture, 40 a page.",
            factors=("The test system has three products.", "The catalog has no limit per client."),
            well=("The rollback was one command.",),
            poorly=("The catalog's on-call was paged twice for a cause elsewhere.",),
            actions=(
                ("Limit requests per client at the catalog", "mitigate"),
                ("Load-test product pages with a thousand products", "prevent"),
            ),
        ),
    ),
    Plot(
        service="messaging",
        rank=2,
        title="Order confirmations are not sent",
        alert="Messaging: nothing sent for 10 min",
        cause="The mail provider refuses our key since it was renewed",
        mitigation="fail-over",
        fix="Keys are renewed in two steps, with both valid for a day",
        updates=(
            "No order confirmation has been sent for ten minutes. Orders themselves are safe.",
            "The provider refuses our key. We send through the second provider; what waits follows.",
        ),
        public=(
            "Order confirmations are delayed. Your order is safe.",
            "Confirmations are sent again; the ones that waited follow within the hour.",
            "All confirmations have been sent.",
        ),
        share=18,
        lesson=Lesson(
            root_cause="Renewing a key makes the old one invalid at once; one of three senders kept it.",
            factors=("Keys are kept in three places.",),
            well=("The second provider took over without a change of code.",),
            poorly=("The renewal was not on the list of changes.",),
            actions=(
                ("Keep the provider's key in one place", "prevent"),
                ("List key renewals as changes", "process"),
            ),
        ),
    ),
    Plot(
        service="product-catalog",
        rank=2,
        title="Prices are shown without tax",
        alert="Catalog: prices differ from the price list",
        cause="Release {version} reads the tax rate from a field that two countries leave empty",
        mitigation="rollback",
        fix="An empty rate is an error, and a check compares prices with the list",
        updates=(
            "Prices for two countries are shown without tax. Baskets show the right sum.",
            "It began with release {version}. We roll back and fill the caches again.",
        ),
        public=(
            "Some prices are shown too low. The basket shows the right sum. We are working on it.",
            "Prices are right again. We keep watching.",
            "Prices have been right for a while now.",
        ),
        share=14,
        deploy="product-catalog",
        lesson=Lesson(
            root_cause="Two countries leave the tax rate empty, and empty was read as zero.",
            factors=("The example data has a rate everywhere.",),
            well=("The basket computes prices itself and stayed right.",),
            poorly=("A customer saw it before any check did.",),
            actions=(
                ("Compare shown prices with the price list every hour", "detect"),
                ("Refuse an empty tax rate", "prevent"),
            ),
        ),
    ),
)
