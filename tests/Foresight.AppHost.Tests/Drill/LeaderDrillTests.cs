using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Drill;
using Foresight.AppHost.Native;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Foresight.AppHost.Tests.Drill;

/// <summary>
/// No cluster: a process stands in for the leader, so that a signal's effect on it can be seen, and an Api of the test names the next one.
/// </summary>
public sealed class LeaderDrillTests : IAsyncLifetime
{
    private readonly ApiOfTest _api = new();
    private readonly Lines _log = new();
    private Process _leader = null!;

    public Task InitializeAsync()
    {
        _leader = Process.Start("sleep", "600");
        _api.AnswerLeader("matching-1", 7);
        _api.AnswerNode("matching-1", _leader.Id, "active");
        _api.Answer(
            "/cluster/status",
            """
            {"failovers":[{"resource":"matching-engine","epoch":8,
                "phases":{"detected":1000,"fenced":1500,"recovered":2250,"first_ack":3000}}]}
            """
        );
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _leader.Kill();
        _leader.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task Kill_EndsTheLeadersProcess_AndReportsTheNextLeaderWithItsPhases()
    {
        var killing = Drill().KillAsync(Context());
        await _leader.WaitForExitAsync().WaitAsync(Eventually.Patience);
        _api.AnswerLeader("matching-2", 7, "recovering");
        _api.AnswerLeader("matching-2", 8);
        Assert.True((await killing.WaitAsync(Eventually.Patience)).Success);
        Assert.Equal(128 + Signals.Kill, _leader.ExitCode);
        Assert.Equal($"kill -9 of matching-1 (process {_leader.Id}), which leads in epoch 7.", _log.Written.First());
        Assert.Contains(_log.Written, line => line.StartsWith("matching-2 leads in epoch 8, after "));
        Assert.Contains("term taken after 0.50 s, journal read after 1.25 s, first acknowledgement after 2.00 s.", _log.Written.Last());
    }

    [Fact]
    public async Task Pause_StopsTheProcess_AndLetsItGoOn()
    {
        var pausing = Drill("0.2").PauseAsync(Context());
        await Eventually.TrueAsync("it is stopped", Eventually.Patience, () => StateOf(_leader.Id) == 'T');
        _api.AnswerLeader("matching-2", 8);
        _api.AnswerNode("matching-1", _leader.Id, "follower");
        Assert.True((await pausing.WaitAsync(Eventually.Patience)).Success);
        await Eventually.TrueAsync("it goes on", Eventually.Patience, () => StateOf(_leader.Id) == 'S');
        Assert.StartsWith("matching-1 follows after ", _log.Written.Last());
    }

    [Fact]
    public async Task APauseThatIsCancelled_LeavesNoStoppedProcess()
    {
        using var cancel = new CancellationTokenSource();
        var pausing = Drill("600").PauseAsync(Context(cancel.Token));
        await Eventually.TrueAsync("it is stopped", Eventually.Patience, () => StateOf(_leader.Id) == 'T');
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pausing.WaitAsync(Eventually.Patience));
        await Eventually.TrueAsync("it goes on", Eventually.Patience, () => StateOf(_leader.Id) == 'S');
    }

    [Fact]
    public async Task ASecondDrill_IsRefusedWhileOneIsUnderWay()
    {
        using var cancel = new CancellationTokenSource();
        var drill = Drill("600");
        var pausing = drill.PauseAsync(Context(cancel.Token));
        await Eventually.TrueAsync("it is stopped", Eventually.Patience, () => StateOf(_leader.Id) == 'T');
        Assert.Equal("another drill is under way.", (await drill.KillAsync(Context())).Message);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pausing);

        _api.AnswerLeader("matching-1", 7, "recovering");
        Assert.Equal("no node leads at the moment.", (await drill.KillAsync(Context())).Message);
    }

    [Fact]
    public async Task WithoutALeaderThatCanBeHit_NothingIsDone()
    {
        _api.Answer("/cluster/nodes", "[]");
        Assert.Equal("matching-1 leads and has not announced itself yet.", (await Drill().KillAsync(Context())).Message);
        Assert.False(_leader.HasExited);

        _leader.Kill();
        await _leader.WaitForExitAsync();
        _api.AnswerNode("matching-1", _leader.Id, "active");
        Assert.StartsWith("the leader's process is not there: ", (await Drill().KillAsync(Context())).Message);
        Assert.False((await Drill().PartitionFrom("redis")(Context())).Success);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("soon")]
    [InlineData("NaN")]
    [InlineData("1,5")]
    [InlineData("1e9")]
    [InlineData("601")]
    [InlineData("")]
    public void ADurationThatIsNone_IsRefusedAtTheStart_InOneLine(string seconds) =>
        Assert.Equal(
            $"Drill:Seconds must be a number above 0, at most 600, not '{seconds}'.",
            Assert.Throws<DistributedApplicationException>(() => Drill(seconds)).Message
        );

    private LeaderDrill Drill(string? seconds = null) => new(ApiOfTest.View(_api.Port), network: null, seconds);

    private ExecuteCommandContext Context(CancellationToken cancellationToken = default) =>
        new()
        {
            Services = new ServiceCollection().BuildServiceProvider(),
            ResourceName = "matching",
            CancellationToken = cancellationToken,
            Logger = _log,
            Arguments = new InteractionInputCollection([]),
        };

    /// <summary>The state (T stopped, S sleeping) follows the name, which is in parentheses and may contain any.</summary>
    private static char StateOf(int processId)
    {
        var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
        return stat[stat.LastIndexOf(')') + 2];
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format) =>
            Written.Enqueue(format(state, error));
    }
}
