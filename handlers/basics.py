"""What everyone may ask: help, cancel; and what to say when nothing else fits."""

from __future__ import annotations

from crm import customers
from handlers.ask import Ask
from handlers.route import END, Command, Reply


def help_(ask: Ask) -> Reply:
    """What this person can do here, from the list of routes."""
    from handlers.routes import ROUTES  # the list names this handler

    commands = [
        route.on.name
        for route in ROUTES
        if isinstance(route.on, Command) and route.help and route.role & ask.who.roles
    ]
    return Reply("replies/help", {"commands": commands, "driver": ask.who.customer is not None})


def cancel(ask: Ask) -> Reply:
    template = "replies/cancelled" if ask.step else "replies/nothing_to_cancel"
    return Reply(template, step=END, keys=())


def membership(ask: Ask) -> Reply:
    """Blocked: nothing is sent any more. Unblocked: they can be reached again."""
    change = ask.incoming.update.my_chat_member
    if change is not None and ask.incoming.private:
        reachable = change.new_chat_member.status not in ("kicked", "left")
        customers.set_reachable(ask.session, ask.who.user_id, reachable)
    return Reply()


def elsewhere(ask: Ask) -> Reply:
    return Reply(toast="toast.elsewhere") if ask.incoming.data else Reply("replies/elsewhere")


def no_button(_ask: Ask) -> Reply:
    """Data that no button of ours has, or has no longer: said at once, lest the button spin for ever."""
    return Reply(toast="toast.no_button")


def not_understood(ask: Ask) -> Reply:
    return Reply("replies/not_understood", {"driver": ask.who.customer is not None})
