using Foresight.Cluster.Offenders;
using Foresight.ServiceDefaults.Hosting;

namespace Foresight.Cluster.Tests.Offenders;

public sealed class OffenderOptionsTests
{
    [Fact]
    public void WithoutSettings_TheDefaultsHold() => Assert.Equal(new OffenderOptions(), OffenderOptions.From(Configured.By()));

    [Fact]
    public void EachSetting_IsReadInItsUnit()
    {
        var options = OffenderOptions.From(
            Configured.By("OFFENDER_CAP_POINTS=1", "OFFENDER_REFUSE_POINTS=2", "OFFENDER_POINT_MS=1500", "OFFENDER_OPEN_NOTIONAL_USDC=3")
        );
        Assert.Equal(
            new OffenderOptions
            {
                CapFrom = 1,
                RefuseFrom = 2,
                PointLasts = TimeSpan.FromSeconds(1.5),
                CappedNotional = 3_000_000,
            },
            options
        );
    }

    [Theory]
    [InlineData(
        "OFFENDER_REFUSE_POINTS must be at least OFFENDER_CAP_POINTS, because a refused account is also capped.",
        "OFFENDER_CAP_POINTS=9",
        "OFFENDER_REFUSE_POINTS=8"
    )]
    [InlineData("OFFENDER_POINT_MS must be a whole number from 1 to 86400000, not \"0\".", "OFFENDER_POINT_MS=0")]
    public void SettingsThatMakeNoSense_AreRefused(string expected, params string[] settings) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => OffenderOptions.From(Configured.By(settings))).Message);
}
