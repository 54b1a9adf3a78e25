using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Shell;
using Foresight.Protocol;

namespace Foresight.Console.Tests.Shell;

public sealed class MainLayoutTests : ConsoleContext
{
    private AdminOverview _answer = Samples.Overview();

    public MainLayoutTests() => Api.Answer("/admin/overview", () => _answer);

    [Fact]
    public void Frame_AsksOnceASecond_AndSaysThatItIsLive()
    {
        var frame = Shown();
        Assert.Contains("12:00:00 UTC", Text(frame));
        Assert.Contains("Reconciliation 2", Text(frame));
        Assert.Contains("Ada", Text(frame));
        Assert.Equal(1, Api.Answered("/admin/overview"));

        _answer = Samples.Overview(reconciliation: Samples.Reconciliation(open: 0));
        Clock.Advance(OperationsFeed.Pause);
        frame.WaitForAssertion(() => Assert.Contains("12:00:01 UTC", Text(frame)));
        frame.WaitForAssertion(() => Assert.DoesNotContain("Reconciliation 2", Text(frame)));
        Assert.Equal(2, Api.Answered("/admin/overview"));
    }

    /// <summary>The browser takes the clock for the console's sign of life, which a slow Api must not stop.</summary>
    [Fact]
    public async Task Clock_TicksWhileTheApiIsSlow()
    {
        var frame = Shown();
        var slow = Api.Hold("/admin/overview");
        for (var second = 1; second <= 5; second++)
        {
            Clock.Advance(OperationsFeed.Pause);
            frame.WaitForAssertion(() => Assert.Equal($"12:00:0{second} UTC", Text(frame.Find("[data-sign]"))));
        }

        Assert.Equal(1, Api.Answered("/admin/overview"));
        await Task.Run(slow.SetResult);
        frame.WaitForAssertion(() => Assert.True(Api.Answered("/admin/overview") > 1));
    }

    [Fact]
    public void Outage_ReplacesLive_ByTheOldestReading()
    {
        var frame = Shown();
        _answer = Samples.Overview() with { Throughput = null };
        Clock.Advance(OperationsFeed.Pause);
        frame.WaitForAssertion(() => Assert.Contains("stale since 12:00:00", Text(frame)));
        Api.Problem("/admin/overview", 503, ProblemCodes.Unavailable);
        Clock.Advance(OperationsFeed.Pause);
        frame.WaitForAssertion(() => Assert.Contains("No Api node answers", Text(frame)));
        Assert.Contains("stale since 12:00:00", Text(frame));
        Assert.DoesNotContain("live 12:", Text(frame));
        Assert.Contains("unknown matching-1 epoch 1,012", Text(frame));
    }

    [Fact]
    public void Appearance_ComesBackToThisPage()
    {
        Navigation.NavigateTo("/trades?market=7#content");
        Assert.Contains("/appearance?theme=dark&returnUrl=%2Ftrades%3Fmarket%3D7", Links(Shown()));
    }

    [Fact]
    public void RefusedKey_LeadsToTheSignIn()
    {
        Api.Problem("/admin/overview", 401, ProblemCodes.Unauthorized);
        var frame = Render<MainLayout>();
        frame.WaitForAssertion(() => Assert.Equal("/sign-in?refused=true&returnUrl=%2F", Address));
    }

    [Fact]
    public void Leader_WhoIsNotKnown_IsNotCalledAbsent()
    {
        var cluster = new LiveValue<ClusterStatus>();
        Assert.Equal("", Text(Render<LeaderChip>(set => set.Add(chip => chip.Cluster, cluster))));

        cluster.Set(Samples.Cluster(leader: null), Samples.Noon);
        Assert.Equal("no leader orders wait for a take-over", Text(Render<LeaderChip>(set => set.Add(chip => chip.Cluster, cluster))));

        cluster.Fail("no answer", Samples.Noon);
        Assert.Equal("unknown nobody says who leads", Text(Render<LeaderChip>(set => set.Add(chip => chip.Cluster, cluster))));
    }

    private IRenderedComponent<MainLayout> Shown()
    {
        var frame = Render<MainLayout>();
        frame.WaitForAssertion(() => Assert.Contains("live 12:00:00 UTC", Text(frame)));
        return frame;
    }
}
