"""The WSGI entry point that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

from zaozhuang.timeouts import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zaozhuang.settings")

limit_statements()
application = get_wsgi_application()
