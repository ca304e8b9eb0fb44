"""Messages a good human would write, with the facts behind them: none of them may draw more than a note."""

from datetime import date

from engine.tone import ToneContext

NAMES = ("Ana", "Tom")


def _celebrate(**facts: object) -> ToneContext:
    return ToneContext(family="celebrate", facts=facts, names=NAMES)


def _recover(*, serious: bool = False, **facts: object) -> ToneContext:
    return ToneContext(family="recover", facts=facts, names=NAMES, serious=serious)


GOOD_NOTES: tuple[tuple[str, ToneContext], ...] = (
    (
        "Hi Ana,\n\nyour tenth order left our shelves this morning. The first one, back in March, was a single blue "
        "mug; I like that you came back for the set.\n\nTom",
        _celebrate(order_count=10, first_order_month="March"),
    ),
    (
        "Dear Ana,\n\nfour years ago today you placed your first order with us. Thank you for four years of letters, "
        "questions and one very funny photograph of a teapot.\n\nTom from the workshop",
        _celebrate(years=4, first_order_on=date(2022, 11, 3)),
    ),
    (
        "Happy birthday, Ana! We have been packing your parcels since March 2021, so today the whole bench says "
        "hello. Have the day the way you like it.\n\nTom",
        _celebrate(first_order_month="March 2021"),
    ),
    (
        "Hi Ana,\n\n1,000 days together. That is long enough to have seen two catalogues, a move and the year "
        "without cardamom. Thank you for staying through that one.\n\nTom",
        _celebrate(days_together=1000),
    ),
    (
        "Ana, this is number 25. I looked up the very first box: rye flour and a bread knife. You have ordered 25 "
        "times since then, and I still pack yours with the same string.\n\nTom",
        _celebrate(order_count=25),
    ),
    (
        "Good morning Ana,\n\nyour 50th order is packed. I slipped in a card that the bench signed. There is nothing "
        "to do and nothing to click.\n\nTom",
        _celebrate(order_count=50),
    ),
    (
        "Hi Ana,\n\nsix months in a row with an order: you are the reason we roast on Tuesdays. If you ever want a "
        "different roast, answer this mail and I will read it.\n\nTom",
        _celebrate(streak_months=6),
    ),
    (
        "Ana, it’s been two years together, and I don’t know how to thank you properly. So: thank you for "
        "the letter about the hinge. It is on our wall.\n\nTom",
        _celebrate(years_together=2),
    ),
    (
        "Hello Ana,\n\nyour fifth anniversary with us is on Friday. In 2021 you asked whether the bowls survive an "
        "oven; they did, and so did we.\n\nTom",
        _celebrate(years=5),
    ),
    (
        "Hi Ana,\n\nthe hundredth order! I had to count twice. Reply to me, Tom, if there is a colour you are still "
        "missing.",
        _celebrate(order_count=100),
    ),
    (
        "Hi Ana,\n\nyour kettle came without its lid, and you waited nine days for an answer. I am sorry. I have sent "
        "the lid by courier this morning and refunded the postage. If it is not there by Friday, call me: 020 7946 "
        "0123, ask for Tom.",
        _recover(what_happened="The kettle arrived without its lid; no answer for nine days"),
    ),
    (
        "Hi Ana,\n\nwe charged you twice for order A-1042. The second charge was my mistake, and I have refunded it "
        "today; your bank shows it within 3 days. You need not do anything.\n\nTom",
        _recover(order_id="A-1042", order_count=10),
    ),
    (
        "Dear Ana,\n\nthe parcel with the blue bowl went to your old address. That was us: the change you made in May "
        "never reached the label printer. We have corrected the printer and the bowl is on its way again, to arrive "
        "before noon on Thursday.\n\nTom",
        _recover(what_happened="parcel with blue bowl sent to old address", what_we_did="corrected the printer"),
    ),
    (
        "Ana,\n\nI understand your frustration about the three calls you had to make. I have moved your case to my own "
        "desk, and I will ring you on Monday at 10.\n\nTom",
        _recover(calls=3),
    ),
    (
        "Hi Ana,\n\nthe heating failed again on Sunday, the second time this winter. Our engineer has replaced the "
        "pump, not only the valve, and I have credited both visits. My direct line is under this.\n\nTom",
        _recover(serious=True, what_happened="heating failed twice", failures=2),
    ),
    (
        "Hi Ana,\n\nis the screen still steady? I rebooked nothing and closed nothing without asking you: the cable "
        "was worn, Priya has replaced it, and the old one is in our test drawer. One line back is enough if it "
        "flickers.\n\nTom",
        _recover(what_happened="screen flickering because of a worn cable"),
    ),
    (
        "Ana,\n\nthe invoice said 24 months where we had agreed on 12. I've corrected it and reissued it, and the "
        "difference is back on your account.\n\nTom",
        _recover(what_happened="invoice said 24 months instead of the agreed 12"),
    ),
    (
        "Hello Ana,\n\nyou were right about the allergy label. It was missing from the oat batch, I am sorry. We have "
        "stopped nothing halfway: every jar has been collected, and the label machine has been repaired.\n\nTom",
        _recover(serious=True, what_happened="allergy label missing on oat batch"),
    ),
    (
        "Hi Ana,\n\nthe site was down for two hours on Tuesday while you were paying. Your order was kept, nothing was "
        "charged, and I have extended your reservation until Sunday.\n\nTom",
        _recover(what_happened="site down on Tuesday while paying"),
    ),
    (
        "Hi Ana,\n\nyour chair is still at the upholsterer's. The fabric came in the wrong green and I am waiting for "
        "the right roll. Next news on Thursday, good or bad.\n\nTom",
        ToneContext(
            family="reassure", facts={"what_happened": "chair delayed, fabric in the wrong green"}, names=NAMES
        ),
    ),
    (
        "Ana,\n\nthe refund left us on Monday; your bank is slow this week. We are still chasing the second half, and "
        "I will write again on Wednesday.\n\nTom",
        ToneContext(family="reassure", facts={"what_happened": "refund delayed at the bank"}, names=NAMES),
    ),
)
