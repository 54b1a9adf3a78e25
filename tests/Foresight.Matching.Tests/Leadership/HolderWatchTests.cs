using Foresight.Matching.Leadership;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Matching.Tests.Leadership;

public sealed class HolderWatchTests : IDisposable
{
    private const string First = "https://10.0.0.1:443";
    private const string Second = "https://10.0.0.2:443";

    private static readonly LeaseOptions Options = new();

    private readonly FakeTimeProvider _clock = new();
    private readonly Probe _probe = new();
    private readonly HolderWatch _watch;
    private int _ends;

    public HolderWatchTests()
    {
        _watch = new HolderWatch(_probe, Options, _clock);
        _watch.Ended += () => _ends++;
    }

    public void Dispose() => _watch.End();

    [Fact]
    public void OneWatch_ServesManyLooks()
    {
        _watch.Begin(First);
        _watch.Begin(First);
        Assert.Equal([First], _probe.Asked);
    }

    [Fact]
    public void WhenTheHolderEnds_AFollowerLooksAtOnce_AndOftenForAPoll()
    {
        _watch.Begin(First);
        _clock.Advance(Options.PollInterval);
        Assert.Equal((0, Options.PollInterval), (_ends, _watch.LookInterval));
        _probe.Answer(hasEnded: true);
        Assert.Equal((1, Options.PollInterval / 10), (_ends, _watch.LookInterval));
        _clock.Advance(Options.PollInterval);
        Assert.Equal(Options.PollInterval, _watch.LookInterval);
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.9)]
    [InlineData(1)]
    [InlineData(1.1)]
    [InlineData(11)]
    [Trait("Category", "Trust")]
    public void ANodeThatBreaksEveryRequestOff_IsBelievedOnceInALease(double polls)
    {
        const int Leases = 20;
        var until = _clock.GetUtcNow() + Options.LeaseDuration * Leases;
        var often = 0;
        while (_clock.GetUtcNow() < until)
        {
            _watch.Begin(First);
            _clock.Advance(Options.PollInterval * polls);
            _probe.Answer(hasEnded: true);
            often += _watch.LookInterval < Options.PollInterval ? 1 : 0;
        }

        Assert.InRange(_ends, 1, Leases);
        Assert.True(often <= Leases * Math.Ceiling(1 / polls), $"{often} looks were soon after an end");
    }

    [Fact]
    public void AnAddressWhereNoNodeIs_IsNoReasonToLook_AndIsAskedAgain()
    {
        _watch.Begin(First);
        _clock.Advance(Options.PollInterval);
        _probe.Answer(hasEnded: false);
        Assert.Equal((0, Options.PollInterval), (_ends, _watch.LookInterval));
        _watch.Begin(First);
        Assert.Equal(2, _probe.Asked.Count);
    }

    [Fact]
    public void TheNextHolder_EndsTheWatchOfTheLast()
    {
        _watch.Begin(First);
        _watch.Begin(Second);
        Assert.Equal([First, Second], _probe.Asked);
        Assert.True(_probe.Tokens[0].IsCancellationRequested);
        Assert.False(_probe.Tokens[1].IsCancellationRequested);
        _clock.Advance(Options.PollInterval);
        _probe.Answer(hasEnded: true, watch: 0);
        Assert.Equal((0, Options.PollInterval), (_ends, _watch.LookInterval));
    }

    [Fact]
    public void ALeader_WatchesNoOther()
    {
        _watch.Begin(First);
        _watch.End();
        Assert.True(_probe.Tokens[0].IsCancellationRequested);
        _clock.Advance(Options.PollInterval);
        _probe.Answer(hasEnded: true);
        Assert.Equal((0, Options.PollInterval), (_ends, _watch.LookInterval));
        _watch.Begin(First);
        Assert.Equal(2, _probe.Asked.Count);
    }

    [Fact]
    public void WithoutTheFastPath_NothingIsWatched()
    {
        new HolderWatch(_probe, Options with { CrashFastPath = false }, _clock).Begin(First);
        Assert.Empty(_probe.Asked);
    }

    private sealed class Probe : INodeProbe
    {
        private readonly List<TaskCompletionSource<bool>> _answers = [];

        public List<string> Asked { get; } = [];

        public List<CancellationToken> Tokens { get; } = [];

        public Task<bool> WaitForEndAsync(string address, CancellationToken cancellationToken)
        {
            Asked.Add(address);
            Tokens.Add(cancellationToken);
            _answers.Add(new TaskCompletionSource<bool>());
            return _answers[^1].Task;
        }

        public void Answer(bool hasEnded, int? watch = null) => _answers[watch ?? _answers.Count - 1].TrySetResult(hasEnded);

        public Task<bool> RefusesAsync(string address, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
