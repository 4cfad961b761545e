"""
Django as it is, on a port of its own. `session`: its own sessions, with REST framework's SessionAuthentication before the API.
`token`: SimpleJWT with the refresh token in an HttpOnly cookie, at the paths and with the answers that dj-rest-auth documents.
Says its port on the first line, and ends with its standard input.
"""

import os
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings

MODE = sys.argv[1]
COOKIE = 'refresh'

APPS = ['django.contrib.auth', 'django.contrib.contenttypes', 'django.contrib.sessions', 'rest_framework']
if MODE == 'token':
    APPS.append('rest_framework_simplejwt.token_blacklist')

settings.configure(
    SECRET_KEY='of these tests',
    ALLOWED_HOSTS=['localhost'],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=APPS,
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}},
    DEFAULT_AUTO_FIELD='django.db.models.AutoField',
    # As slow as it should be is too slow here.
    PASSWORD_HASHERS=['django.contrib.auth.hashers.MD5PasswordHasher'],
    MIDDLEWARE=[
        'django.contrib.sessions.middleware.SessionMiddleware',
        'django.middleware.csrf.CsrfViewMiddleware',
        'django.contrib.auth.middleware.AuthenticationMiddleware',
    ],
    REST_FRAMEWORK={
        'DEFAULT_AUTHENTICATION_CLASSES': [
            'rest_framework.authentication.SessionAuthentication'
            if MODE == 'session'
            else 'rest_framework_simplejwt.authentication.JWTAuthentication'
        ],
        'DEFAULT_PERMISSION_CLASSES': ['rest_framework.permissions.IsAuthenticated'],
        'DEFAULT_RENDERER_CLASSES': ['rest_framework.renderers.JSONRenderer'],
    },
    USE_TZ=True,
)

import django  # noqa: E402

django.setup()

import json  # noqa: E402

from django.contrib.auth import authenticate, login, logout  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402
from rest_framework.permissions import AllowAny  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError  # noqa: E402
from rest_framework_simplejwt.serializers import TokenRefreshSerializer  # noqa: E402
from rest_framework_simplejwt.state import token_backend  # noqa: E402
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenRefreshView  # noqa: E402

PEOPLE = json.loads(sys.argv[2])


def who(user):
    return {'id': user.username, 'pk': user.username, 'name': user.first_name}


def authenticated(body):
    return authenticate(username=body.get('email', '').split('@')[0], password=body.get('password'))


# Its own sessions.


@ensure_csrf_cookie
def session_view(request):
    return JsonResponse({'user': who(request.user) if request.user.is_authenticated else None})


@require_POST
def login_view(request):
    user = authenticated(json.loads(request.body))
    if user is None:
        return JsonResponse({'error': 'invalid_credentials'}, status=401)
    login(request, user)
    return JsonResponse({'user': who(user)})


@require_POST
def logout_view(request):
    logout(request)
    return HttpResponse(status=204)


def link_view(request):
    """As a link in an e-mail does: the server knows whom it is for."""
    user = User.objects.get(username=request.GET['for'])
    response = HttpResponseRedirect('/')
    response.status_code = 303
    if MODE == 'session':
        login(request, user, 'django.contrib.auth.backends.ModelBackend')
    else:
        put(response, RefreshToken.for_user(user))
    return response


# SimpleJWT.


def put(response, token):
    response.set_cookie(COOKIE, str(token), max_age=86400, httponly=True, samesite='Lax')


class TokenView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]


class LoginView(TokenView):
    def post(self, request):
        user = authenticated(request.data)
        if user is None:
            return Response({'non_field_errors': ['Unable to log in with provided credentials.']}, status=400)
        token = RefreshToken.for_user(user)
        response = Response({'access': str(token.access_token), 'refresh': '', 'user': who(user)})
        put(response, token)
        return response


class CookieSerializer(TokenRefreshSerializer):
    refresh = None

    def validate(self, attrs):
        cookie = self.context['request'].COOKIES.get(COOKIE)
        if cookie is None:
            raise InvalidToken('No valid refresh token found.')
        return super().validate({**attrs, 'refresh': cookie})


class RefreshView(TokenRefreshView):
    serializer_class = CookieSerializer


class LogoutView(TokenView):
    def post(self, request):
        response = Response({'detail': 'Successfully logged out.'})
        response.delete_cookie(COOKIE, samesite='Lax')
        try:
            RefreshToken(request.COOKIES.get(COOKIE, '')).blacklist()
        except TokenError:
            pass
        return response


class UserView(APIView):
    def get(self, request):
        return Response(who(request.user))

    def put(self, request):
        request.user.first_name = request.data['name']
        request.user.save()
        return Response(who(request.user))


# What tests decide about it; nothing leads here from the page's origin.


def begin():
    User.objects.all().delete()
    for person in PEOPLE:
        User.objects.create_user(person['id'], person['email'], person['password'], first_name=person['name'])
    expire()


def expire():
    """Whatever was given out is over."""
    Session.objects.all().delete()
    token_backend.signing_key = token_backend.verifying_key = os.urandom(32).hex()


@csrf_exempt
@require_POST
def control_view(request, what):
    {'begin': begin, 'expire': expire}[what]()
    return HttpResponse(status=204)


urlpatterns = [
    path('auth/session', session_view),
    path('auth/login', login_view),
    path('auth/logout', logout_view),
    path('dj-rest-auth/login/', LoginView.as_view()),
    path('dj-rest-auth/token/refresh/', RefreshView.as_view()),
    path('dj-rest-auth/logout/', LogoutView.as_view()),
    path('dj-rest-auth/user/', UserView.as_view()),
    path('api/profile', UserView.as_view()),
    path('link', link_view),
    path('control/<what>', control_view),
]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def end_with_input():
    sys.stdin.read()
    os._exit(0)


call_command('migrate', verbosity=0)
with make_server('127.0.0.1', 0, get_wsgi_application(), handler_class=Quiet) as server:
    threading.Thread(target=end_with_input, daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()
