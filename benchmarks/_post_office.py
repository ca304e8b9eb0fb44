"""The peer, in a process of its own: django-post_office with Celery, as its documentation sets it up. It queues so many
mails, rings for its task, and says `queued`; whoever started it counts what arrives at the sink.

    python -m benchmarks._post_office DATABASE_URL BROKER_URL SMTP_PORT COUNT
"""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from engine.write.markdown import lay_out_email, to_html

TEXT = "Hello Ada,\n\nhappy birthday to you!\n\nKim"


def configure() -> None:
    """Django's settings from the environment that `main` made."""
    import django
    from django.conf import settings

    address = urlsplit(os.environ["PEER_DATABASE"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": address.path.lstrip("/"),
                "HOST": address.hostname,
                "PORT": address.port,
                "USER": unquote(address.username or ""),
                "PASSWORD": unquote(address.password or ""),
            }
        },
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=int(os.environ["PEER_SMTP"]),
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "CELERY_ENABLED": True,
            "BATCH_SIZE": 100,
            "LOG_LEVEL": 0,
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
        SECRET_KEY="a benchmark has no secrets",
    )
    django.setup()


def make_app():  # type: ignore[no-untyped-def]
    """The Celery app of the peer."""
    from celery import Celery

    configure()
    app = Celery("peer", broker=os.environ["PEER_BROKER"])
    app.conf.update(task_ignore_result=True)
    app.autodiscover_tasks(["post_office"], force=True)
    return app


def main() -> None:
    """Queue the mails, start a worker with two processes, and wait to be ended."""
    database, broker, port, count = sys.argv[1:]
    os.environ |= {"PEER_DATABASE": database.replace("+psycopg", ""), "PEER_BROKER": broker, "PEER_SMTP": port}
    app = make_app()
    from django.core.management import call_command
    from post_office import mail

    call_command("migrate", verbosity=0)
    html = lay_out_email(to_html(TEXT), "Happy birthday", "", "You receive this because.", "en")  # as ours is
    mails = [
        {
            "sender": "kim@example.com",
            "recipients": [f"c{number}@customers.example"],
            "subject": "Happy birthday",
            "message": TEXT,
            "html_message": html,
        }
        for number in range(int(count))
    ]
    mail.send_many(mails)
    celery = [sys.executable, "-m", "celery", "-A", "benchmarks._post_office_app", "worker"]
    worker = subprocess.Popen(
        [*celery, "-P", "prefork", "-c", "2"],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        app.control.inspect(timeout=30, limit=1).ping()
        app.send_task("post_office.tasks.send_queued_mail")
        print("queued", flush=True)
        sys.stdin.read()
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
