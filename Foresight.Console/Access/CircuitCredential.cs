using System.Security.Claims;
using Foresight.Console.Api;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server.Circuits;

namespace Foresight.Console.Access;

/// <summary>Gives a circuit's Api client the key of the operator who opened it.</summary>
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

/// <summary>What a page does when it has no key that the Api accepts: end the session everywhere and ask for the key again.</summary>
public sealed class SessionEnd(AuthenticationStateProvider authentication, OperatorSessions sessions, NavigationManager navigation)
{
    public async Task RefusedAsync()
    {
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        var reason = "signedOut";
        if (user.FindFirstValue(AccessOptions.SessionClaim) is { } session)
        {
            // A session that has a key was refused by the Api; one that has none was signed out, here or in another window, or has expired.
            reason = sessions.KeyOf(session) is null ? "signedOut" : "refused";
            sessions.End(session);
        }

        var here = "/" + navigation.ToBaseRelativePath(navigation.Uri);
        navigation.NavigateTo($"{AccessOptions.SignInPath}?{reason}=true&returnUrl={Uri.EscapeDataString(here)}", forceLoad: true);
    }
}
