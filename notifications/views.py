"""A person's ways to be reached: list, add, prove, test, order, remove."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from lib import doors
from lib.refusal import Refused
from notifications import canary, ordering, resting, rules
from notifications import contacts as lines
from notifications.channels import push
from notifications.forms import CodeForm, ContactForm, QuietForm, RuleForm
from notifications.models import Channel, Delivery, Urgency


def _me(request: HttpRequest) -> User:
    return cast(User, request.user)


def _came_back(me: User) -> Delivery | None:
    """The last mail to the account's own address, where it failed: that address has no line to show it."""
    mails = Delivery.objects.filter(recipient=me, channel=Channel.EMAIL, address=me.email)
    last = mails.exclude(sent_at=None, failed_at=None).order_by("-pk").first()
    return last if last and last.failed_at else None


def _context(
    request: HttpRequest,
    form: ContactForm | None = None,
    rule: RuleForm | None = None,
    quiet: QuietForm | None = None,
) -> dict[str, Any]:
    me = _me(request)
    recent = Delivery.objects.filter(recipient=me, about=f"test:{me.pk}")
    orders = [
        {
            "label": urgency.label,
            "rows": me.reach_rules.filter(urgency=urgency).select_related("method"),
            "value": urgency.value,
        }
        for urgency in Urgency
    ]
    return {
        "nav": "",
        "methods": list(me.contact_methods.all()),
        "canary": canary.of(me),
        "came_back": _came_back(me),
        "uses_account": all("method" not in way.data for way in lines.ways(me)),
        "orders": orders,
        "form": form or ContactForm(),
        "rule_form": rule or RuleForm(user=me),
        "tests": recent.order_by("-pk")[:8],
        "awake_until": rules.awake_until(me),
        "quiet_form": quiet or QuietForm(initial=_quiet(me)),
        "push_key": push.public_key(),
        "testing": recent.open().exists(),
    }


@login_required
@require_GET
def contacts(request: HttpRequest) -> HttpResponse:
    return doors.answer(request, "notifications/contacts.html", "contacts", _context(request))


@login_required
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = ContactForm(request.POST)
    if doors.do(request, form, lambda: lines.add(_me(request), **form.cleaned_data)):
        messages.success(request, _("Added. We have sent a code there: enter it below."))
        return redirect("notifications:contacts")
    context = _context(request, form)
    return doors.page(request, "notifications/contacts.html", context, status=422)


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    return _said(request, lambda: lines.remove(_me(request), method_id=pk), _("Removed."))


@login_required
@require_POST
def move_up(request: HttpRequest, pk: int) -> HttpResponse:
    return _said(request, lambda: ordering.move_up(_me(request), method_id=pk), "")


@login_required
@require_POST
def move_down(request: HttpRequest, pk: int) -> HttpResponse:
    return _said(request, lambda: ordering.move_down(_me(request), method_id=pk), "")


@login_required
@require_POST
def send_proof(request: HttpRequest, pk: int) -> HttpResponse:
    return _said(request, lambda: lines.new_code(_me(request), method_id=pk), _("A new code is on its way."))


@login_required
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    sentence = _("A test page is on its way, step by step, as a page would come.")
    return _said(request, lambda: lines.test(_me(request)), sentence)


@login_required
@require_POST
def test_one(request: HttpRequest, pk: int) -> HttpResponse:
    return _said(request, lambda: lines.test(_me(request), method_id=pk), _("A test is on its way."))


@login_required
@require_POST
def end_test(request: HttpRequest) -> HttpResponse:
    return _said(
        request, lambda: lines.end_test(_me(request)), _("Good. The rest of the test is called off.")
    )


def _quiet(me: User) -> dict[str, Any]:
    kept = resting.hours(me)
    return {"quiet_from": kept[0], "quiet_until": kept[1]} if kept else {}


@login_required
@require_POST
def rest(request: HttpRequest) -> HttpResponse:
    """Set or end one's quiet hours."""
    form = QuietForm(request.POST)

    def verb() -> None:
        asked = form.cleaned_data
        resting.keep(_me(request), begins=asked["quiet_from"], ends=asked["quiet_until"])

    if doors.do(request, form, verb):
        said = _("Noted. What can wait waits for the end of your quiet hours.")
        messages.success(request, said if resting.hours(_me(request)) else _("Noted: no quiet hours."))
        return redirect("notifications:contacts")
    context = _context(request, quiet=form)
    return doors.page(request, "notifications/contacts.html", context, status=422)


@login_required
@require_POST
def weekly(request: HttpRequest) -> HttpResponse:
    """The weekly test of every line: on, or off."""
    on = not request.POST.get("end")
    said = _("Noted: every line is tested now, and then once a week.") if on else _("Noted: no weekly test.")
    return _said(request, lambda: canary.keep(_me(request), weekly=on), said)


@login_required
@require_POST
def awake(request: HttpRequest) -> HttpResponse:
    if request.POST.get("end"):
        return _said(
            request, lambda: rules.go_to_sleep(_me(request)), _("Sleep well. Everything rings again.")
        )
    return _said(request, lambda: rules.stay_awake(_me(request)), _("Noted: you are awake for 2 hours."))


@login_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    form = CodeForm(request.POST)
    code = form.cleaned_data["code"] if form.is_valid() else ""
    verb = lambda: lines.confirm(_me(request), method_id=pk, code=code)  # noqa: E731
    before = _me(request).contact_methods.count()
    answer = _said(request, verb, _("Confirmed. Pages reach you here from now on."))
    if _me(request).contact_methods.count() > before:
        words = _("%(mail)s stays in use: it is a line of its own now. Remove it if no pages shall go there.")
        messages.info(request, words % {"mail": _me(request).email})
    return answer


@login_required
@require_POST
def add_rule(request: HttpRequest) -> HttpResponse:
    form = RuleForm(request.POST, user=_me(request))
    if doors.do(request, form, lambda: rules.add(_me(request), **form.cleaned_data)):
        messages.success(request, _("The step is in your order."))
        return redirect("notifications:contacts")
    context = _context(request, rule=form)
    return doors.page(request, "notifications/contacts.html", context, status=422)


@login_required
@require_POST
def remove_rule(request: HttpRequest, pk: int) -> HttpResponse:
    return _said(request, lambda: rules.remove(_me(request), rule_id=pk), _("Removed."))


def _said(request: HttpRequest, verb: Any, sentence: str) -> HttpResponse:
    try:
        verb()
    except Refused as refusal:
        messages.error(request, refusal.message)
    else:
        if sentence:
            messages.success(request, sentence)
    return redirect("notifications:contacts")


@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the button (scanners open links), POST proves. No sign-in: the link itself is the proof."""
    context: dict[str, Any] = {"token": token}
    if request.method == "POST":
        try:
            context["method"] = lines.prove(token)
        except Refused as refusal:
            context["sentence"] = refusal.message
            return doors.page(request, "notifications/prove.html", context, status=410)
    return doors.page(request, "notifications/prove.html", context)


# No cookie is trusted here: the signed link is the whole right, and a service worker sends it without a page.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def heard(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the button (scanners open links), POST says that the weekly test arrived."""
    context: dict[str, Any] = {"token": token}
    try:
        if request.method == "POST":
            context["method"] = canary.tap(token)
        else:
            method, is_newest = canary.read(token)
            context |= {"line": method, "is_over": not is_newest or not method.is_waiting}
    except Refused as refusal:
        context["sentence"] = refusal.message
        return doors.page(request, "notifications/heard.html", context, status=410)
    response = doors.page(request, "notifications/heard.html", context)
    # For the notification's button, which reads no page.
    response["Tocsin-Answer"] = "acknowledged" if "method" in context else "asked"
    return response
