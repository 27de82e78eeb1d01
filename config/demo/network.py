"""The bad week of the demo's year: one change of the network, four services, eight incidents."""

from config.demo.nuisances import MILD
from config.demo.plot import Lesson, Plot

NETWORK_CHANGE = Plot(
    service="edge",
    rank=1,
    title="Shop unreachable from half of Europe",
    alert="Edge: 52 % of requests time out",
    cause="The new firewall rules drop long answers between the two halls",
    mitigation="rollback",
    fix="The rules let long answers pass, and a test sends one",
    updates=(
        "Half of Europe cannot reach the shop. Requests that cross between the halls time out.",
        "The firewall rules of this morning drop answers above 1,400 bytes. We take them back.",
        "Rules are back to yesterday's. Traffic is normal again; we watch it for an hour.",
    ),
    public=(
        "The shop cannot be reached from parts of Europe. We know why and are working on it.",
        "The shop can be reached again. We keep watching closely.",
        "Everything has been back to normal for a while. We are sorry for the trouble.",
    ),
    share=52,
    also=("storefront", "checkout"),
    deploy="edge",
    lesson=Lesson(
        root_cause="The new rules counted a header twice, and dropped every answer above 1,400 bytes.",
        factors=(
            "The rules were tested with short answers.",
            "Both halls were changed within the same minute.",
            "Four services saw four different symptoms.",
        ),
        well=("Taking the rules back was rehearsed in spring.", "One commander for all four services."),
        poorly=("Four on-calls looked at four services for 20 minutes before anybody saw the network.",),
        actions=(
            ("Change one hall at a time, an hour apart", "prevent"),
            ("Send long answers in the network's own check", "detect"),
            ("Show recent network changes in every service's room", "detect"),
        ),
    ),
)

# What the three that followed say: the cause was elsewhere, and so are the actions.
SAME_CAUSE = Lesson(
    root_cause="The firewall rules of the same week dropped long answers between the two halls."
    " The postmortem of the edge network tells all of it.",
    factors=("This service waits for long answers without a limit of its own.",),
    well=("Traffic moved to one hall within minutes.",),
    poorly=("The room did not show that the network had changed.",),
    actions=(),
)

BAD_WEEK = (
    NETWORK_CHANGE,
    Plot(
        service="payments",
        rank=2,
        title="Payments time out between the halls",
        alert="Payments: 21 % of calls time out",
        cause="Long answers are dropped by the new firewall rules",
        mitigation="fail-over",
        fix="The rules let long answers pass",
        updates=("One in five payments times out. It began with this morning's network change.",),
        public=(
            "One in five payments fails. Trying again helps. We are working on it.",
            "Payments work again. We keep watching.",
            "Payments have worked normally for a while.",
        ),
        share=21,
        lesson=SAME_CAUSE,
    ),
    Plot(
        service="accounts",
        rank=2,
        title="Nobody can sign in from the mobile app",
        alert="Accounts: sign-ins of the app down by 90 %",
        cause="The app's answers are longer and are dropped by the new rules",
        mitigation="rollback",
        fix="The rules let long answers pass",
        updates=("The app cannot sign in; the website can. We look at the network change of yesterday.",),
        public=(
            "Signing in with the app fails. The website works. We are working on it.",
            "Signing in with the app works again.",
            "The app has worked normally for a while.",
        ),
        share=40,
        lesson=SAME_CAUSE,
    ),
    Plot(
        service="search",
        rank=2,
        title="Search is down after the network change",
        alert="Search: half of the nodes unreachable",
        cause="The cluster split into two halves",
        mitigation="fail-over",
        fix="The cluster refuses to split",
        updates=("Search answers from one half of the cluster only. We move all traffic there.",),
        public=(
            "Search fails at times. Browsing works. We are working on it.",
            "Search works again.",
            "Search has worked normally for a while.",
        ),
        share=30,
        lesson=SAME_CAUSE,
    ),
    MILD[0],
    MILD[4],
    MILD[6],
    MILD[8],
)
