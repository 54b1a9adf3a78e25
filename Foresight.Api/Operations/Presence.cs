using Foresight.Cluster;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Microsoft.AspNetCore.Builder;

public static class Presence
{
    /// <summary>The server's port is known only once it has started.</summary>
    public static WebApplication AnnounceAddress(this WebApplication app)
    {
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses;
            if (addresses?.FirstOrDefault() is { } address)
                app.Services.GetRequiredService<NodePresence>().SetAddress(address);
        });
        return app;
    }
}
