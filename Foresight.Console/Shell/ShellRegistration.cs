using Microsoft.AspNetCore.Components.Endpoints;
using MudBlazor.Services;

namespace Foresight.Console.Shell;

public static class ShellRegistration
{
    public static void AddShell(this WebApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddMudServices();
        builder.Services.AddSingleton<ThemeSheet>();
        builder.Services.AddHttpContextAccessor();
    }

    public static void UseShell(this WebApplication app)
    {
        app.UseSecurityHeaders();
        app.UseExceptionHandler("/error", createScopeForErrors: true);
        // Error pages only for GET requests: re-executing a refused POST would change its status on the way.
        app.UseWhen(
            context => HttpMethods.IsGet(context.Request.Method),
            links => links.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true)
        );
        app.UseRouting();
    }

    public static void MapShell(this WebApplication app)
    {
        app.MapStaticAssets().AllowAnonymous();
        app.MapGet(Appearance.Path, Appearance.Set).AllowAnonymous();
        app.MapGet(ZoneChoice.Path, ZoneChoice.Set).AllowAnonymous();
        ThemeSheet.Map(app);

        // Disabled here, because frame-ancestors is part of our own policy (SecurityHeaders).
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
    }
}
