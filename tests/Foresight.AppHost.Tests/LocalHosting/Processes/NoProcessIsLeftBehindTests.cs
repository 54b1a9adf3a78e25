using System.Diagnostics;
using Foresight.AppHost.LocalHosting;
using Xunit;

namespace Foresight.AppHost.Tests.LocalHosting.Processes;

public sealed class NoProcessIsLeftBehindTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task KillNineOfTheAppHost_EndsEveryDescendantAndRemovesTheThrowAwayFolder()
    {
        using var victim = await Victim.StartAsync();
        await AssertDiesCleanly(victim);
    }

    [Fact]
    public async Task KillNineOfTheAppHost_AsAnotherUser_EndsEveryDescendant()
    {
        // Only root can become somebody else, and only if that user may read what we were built into; else the test above has just
        // run as a normal user.
        if (!Native.IsRoot || !await CanReadAsync("nobody", typeof(VictimHost).Assembly.Location))
            return;
        using var victim = await Victim.StartAsync(asUser: "65534");
        await AssertDiesCleanly(victim);
    }

    [Fact]
    public async Task StoppingInOrder_EndsEveryDescendantEvenOneThatIgnoresSignals()
    {
        using var victim = await Victim.StartAsync();
        await victim.StopInOrderAsync();
        await Eventually.TrueAsync("no process is left", Soon, () => victim.Descendants().Count == 0);
        Assert.Empty(victim.StateFolders());
    }

    private static async Task AssertDiesCleanly(Victim victim)
    {
        // The AppHost, its watchdog, redis, postgres with its five, anvil, a shell with its child.
        Assert.True(victim.Descendants().Count >= 10, string.Join('\n', victim.Descendants()));
        victim.KillNine();
        await Eventually.TrueAsync("no process is left", Soon, () => victim.Descendants().Count == 0);
        await Eventually.TrueAsync("no state folder is left", Soon, () => victim.StateFolders().Length == 0);
    }

    private static async Task<bool> CanReadAsync(string user, string file)
    {
        using var process = Process.Start("setpriv", [$"--reuid={user}", "--regid=nogroup", "--clear-groups", "test", "-r", file]);
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
