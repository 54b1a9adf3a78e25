using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>
/// The time of a failover counts from the last sign of the leader that a follower saw: it polls each 0.5 s a lease of 5 s that is renewed
/// each 1.5 s.
/// </summary>
public sealed class LeaderLivenessTests
{
    private static readonly LeaseOptions Options = new();

    private readonly HandClock _clock = new();
    private readonly LeaderLiveness _liveness;
    private LeaseRecord _lease = new("n1", "http://127.0.0.1:1", Guid.NewGuid(), 3, default, default);

    public LeaderLivenessTests()
    {
        _liveness = new LeaderLiveness(_clock, Options);
        for (var renewal = 0; renewal < 4; renewal++)
        {
            _lease = _lease with { LastRenewedAt = _lease.LastRenewedAt + Options.RenewInterval };
            Look(3);
        }
    }

    [Fact]
    public void ALeaseThatRanOut_CountsFromItsLastRenewal_NotFromTheLastLookAtADeadHoldersKey()
    {
        // The last renewal was seen three polls ago; seven more find the key unchanged.
        Look(7);
        Assert.Equal(Options.PollInterval * 10, Since(crashed: false));
    }

    [Fact]
    public void ALeaseThatWasGivenBack_CountsFromTheLastLook() => Assert.Equal(Options.PollInterval, Since(crashed: false));

    [Fact]
    public void ACrash_CountsFromTheLastLookThatFoundTheHolderAlive()
    {
        Look(6);
        Assert.Equal(Options.PollInterval, Since(crashed: true));
    }

    [Fact]
    public void AnEndOfItsOwnTerm_CountsFromThere()
    {
        _liveness.MarkSelf();
        _clock.Pass(Options.LeaseDuration);
        Assert.Equal(Options.LeaseDuration, Since(crashed: false));
    }

    [Fact]
    public void AForgedValueInTheKey_IsNoSignOfLife()
    {
        for (var look = 0; look < 10; look++)
        {
            _liveness.Observe(null);
            _clock.Pass(Options.PollInterval);
        }

        Assert.Equal(Options.PollInterval * 13, Since(crashed: false));
    }

    private void Look(int times)
    {
        for (var look = 0; look < times; look++)
        {
            _liveness.Observe(_lease);
            _clock.Pass(Options.PollInterval);
        }
    }

    private TimeSpan Since(bool crashed) => _clock.GetElapsedTime(_liveness.LastAlive(crashed));

    private sealed class HandClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Pass(TimeSpan span) => _now += span.Ticks;
    }
}
