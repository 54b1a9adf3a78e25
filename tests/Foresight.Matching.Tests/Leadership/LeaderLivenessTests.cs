using Foresight.Matching.Leadership;
using Microsoft.Extensions.Time.Testing;

namespace Foresight.Matching.Tests.Leadership;

/// <summary>
/// A failover's time counts from the last sign of the leader that a follower saw: it polls each 0.5 s a lease of 5 s that is
/// renewed each 1.5 s.
/// </summary>
public sealed class LeaderLivenessTests
{
    private static readonly LeaseOptions Options = new();

    private readonly FakeTimeProvider _clock = new();
    private readonly LeaderLiveness _liveness;
    private HolderVersion _version = new(Guid.NewGuid(), DateTime.UnixEpoch);

    public LeaderLivenessTests()
    {
        _liveness = new LeaderLiveness(_clock, Options);
        for (var renewal = 0; renewal < 4; renewal++)
        {
            _version = _version with { RenewedAt = _version.RenewedAt + Options.RenewInterval };
            Look(3);
        }
    }

    [Fact]
    public void ALeaseThatRanOut_CountsFromItsLastRenewal_NotFromTheLastLookAtADeadHoldersKey()
    {
        // Ten polls, because the last renewal was seen three polls ago, and seven more find the key unchanged.
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
        _clock.Advance(Options.LeaseDuration);
        Assert.Equal(Options.LeaseDuration, Since(crashed: false));
    }

    [Fact]
    public void TheTimeWithoutARenewal_IsMeasuredByThisProcess()
    {
        Assert.Equal(Options.PollInterval * 3, _liveness.UnchangedFor(_version));
        Look(2);
        Assert.Equal(Options.PollInterval * 5, _liveness.UnchangedFor(_version));
        Assert.Equal(TimeSpan.Zero, _liveness.UnchangedFor(_version with { Token = Guid.NewGuid() }));
    }

    private void Look(int times)
    {
        for (var look = 0; look < times; look++)
        {
            _liveness.Observe(_version);
            _liveness.MarkHeld();
            _clock.Advance(Options.PollInterval);
        }
    }

    private TimeSpan Since(bool crashed) => _clock.GetElapsedTime(_liveness.LastAlive(crashed));
}
