using Foresight.Matching.Leadership;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Matching.Tests.Leadership;

public class LeaseRulesTests
{
    private static readonly LeaseOptions Options = new();

    [Fact]
    public void TheTrustWindow_CountsFromWhenTheBidWasSent_NotFromItsAnswer()
    {
        var view = LeaseRules.Acquired(At(10), Options);
        Assert.Equal(At(14.5), view.TrustedUntil);
    }

    [Fact]
    public void ARenewal_ExtendsTrust_FromWhenItWasSent()
    {
        var view = LeaseRules.AfterRenewal(LeaseRules.Acquired(At(0), Options), RenewOutcome.Renewed, sentAt: At(1.5), now: At(3), Options);
        Assert.Equal(At(6), view.TrustedUntil);
        Assert.Equal(At(3), view.NextRenewalAt);
    }

    [Fact]
    public void AnUnansweredRenewal_LeavesTheWindowAsItWas_AndIsRepeatedSoon()
    {
        var before = LeaseRules.Acquired(At(0), Options);
        var view = LeaseRules.AfterRenewal(before, RenewOutcome.Unknown, sentAt: At(1.5), now: At(2.5), Options);
        Assert.True(view.Held);
        Assert.Equal(before.TrustedUntil, view.TrustedUntil);
        Assert.Equal(At(2.8), view.NextRenewalAt);
    }

    [Fact]
    public void SomebodyElsesToken_EndsTheLeaseAtOnce()
    {
        var view = LeaseRules.AfterRenewal(LeaseRules.Acquired(At(0), Options), RenewOutcome.NotOurs, sentAt: At(1), now: At(1), Options);
        Assert.False(view.Held);
    }

    [Fact]
    public void ARenewalThatIsConfirmedAfterTrustEnded_DoesNotBringItBack()
    {
        var view = LeaseRules.AfterRenewal(
            LeaseRules.Acquired(At(0), Options),
            RenewOutcome.Renewed,
            sentAt: At(4.4),
            now: At(4.6),
            Options
        );
        Assert.False(view.Held);
    }

    [Fact]
    public void ALeaseThatWasLost_StaysLost()
    {
        var lost = LeaseRules.Acquired(At(0), Options) with { Held = false };
        Assert.False(LeaseRules.AfterRenewal(lost, RenewOutcome.Renewed, sentAt: At(1), now: At(1), Options).Held);
    }

    [Theory]
    [InlineData(true, true, true, true)]
    [InlineData(true, false, true, false)]
    [InlineData(false, true, true, false)]
    [InlineData(true, true, false, false)]
    public void AnEarlyTakeOver_NeedsBothSigns_AndTheOption(bool refuses, bool sessionGone, bool enabled, bool expected) =>
        Assert.Equal(expected, LeaseRules.MayTakeOverEarly(refuses, sessionGone, Options with { CrashFastPath = enabled }));

    [Theory]
    [InlineData(5000, 4500, 500, 500, "LEASE_RENEW_MS + LEASE_MARGIN_MS must be below LEASE_TTL_MS")]
    [InlineData(1000, 300, 100, 1000, "LEASE_POLL_MS must be below LEASE_TTL_MS")]
    public void TimesThatDoNotFit_AreRefusedAtStart_WithTheRelation(int duration, int renew, int margin, int poll, string message)
    {
        var options = new LeaseOptions
        {
            LeaseDuration = TimeSpan.FromMilliseconds(duration),
            RenewInterval = TimeSpan.FromMilliseconds(renew),
            SafetyMargin = TimeSpan.FromMilliseconds(margin),
            PollInterval = TimeSpan.FromMilliseconds(poll),
        };
        Assert.Contains(message, Assert.Throws<SettingException>(options.Validate).Message);
    }

    [Theory]
    [InlineData(0.4, false, false)]
    [InlineData(2, false, false)]
    [InlineData(4.5, false, true)]
    [InlineData(60, false, true)]
    [InlineData(4.5, true, false)]
    public void ALeaseRanOut_IfItsHolderDidNotRenewForLong_AndHasNotCrashed(double secondsSinceRenewal, bool crashed, bool ranOut) =>
        Assert.Equal(ranOut, LeaseRules.RanOut(TimeSpan.FromSeconds(secondsSinceRenewal), crashed, Options));

    /// <summary>A step of the database's clock must neither hide a dead holder nor keep a lease for ever.</summary>
    [Theory]
    [InlineData(0.1, 0.1, false)]
    [InlineData(4.9, 4.9, false)]
    [InlineData(5, 0, true)]
    [InlineData(-3600, 4.9, false)]
    [InlineData(-3600, 5, true)]
    public void ALease_HasExpired_ByTheDatabasesClockOrByOnesOwn(double age, double unchangedFor, bool expired) =>
        Assert.Equal(expired, LeaseRules.HasExpired(At(age), At(unchangedFor), Options.LeaseDuration));

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}
