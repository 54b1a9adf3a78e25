using System.Security.Claims;
using Foresight.Console.Api;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Foresight.Console.Access;

public sealed class CircuitCredential(AuthenticationStateProvider authentication, OperatorCredential credential, OperatorSessions sessions)
    : CircuitHandler
{
    public override async Task OnCircuitOpenedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        if (user.FindFirstValue(AccessOptions.SessionClaim) is { } session)
            credential.Use(user.Identity?.Name ?? "", () => sessions.KeyOf(session));
    }
}

public sealed class SessionEnd(AuthenticationStateProvider authentication, OperatorSessions sessions, NavigationManager navigation)
{
    private bool _keyRefused;

    public async Task RefusedAsync()
    {
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        if (user.FindFirstValue(AccessOptions.SessionClaim) is { } session)
        {
            // A session with a key was refused by the Api. One without was signed out, here or in another window, or has expired; or
            // another reader of this page was refused just before.
            _keyRefused |= sessions.KeyOf(session) is not null;
            sessions.End(session);
        }

        var reason = _keyRefused ? "refused" : "signedOut";

        var here = "/" + navigation.ToBaseRelativePath(navigation.Uri);
        navigation.NavigateTo($"{AccessOptions.SignInPath}?{reason}=true&returnUrl={Uri.EscapeDataString(here)}", forceLoad: true);
    }
}
