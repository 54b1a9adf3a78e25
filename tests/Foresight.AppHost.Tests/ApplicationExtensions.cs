using Aspire.Hosting;

namespace Foresight.AppHost.Tests;

internal static class ApplicationExtensions
{
    // Generous: the first run on a machine installs what is missing.
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    public static async Task WaitHealthyAsync(this DistributedApplication app, params string[] names)
    {
        using var deadline = new CancellationTokenSource(Bound);
        foreach (var name in names)
            await app.ResourceNotifications.WaitForResourceHealthyAsync(name, deadline.Token);
    }
}
