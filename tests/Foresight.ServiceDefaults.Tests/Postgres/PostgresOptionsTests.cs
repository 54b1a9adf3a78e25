using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class PostgresOptionsTests
{
    [Fact]
    public void WithoutSettings_AReplicaIsCheckedEveryHalfMinute_AndMayBeASegmentBehind() =>
        Assert.Equal(
            new PostgresOptions(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(10), 16 * 1024 * 1024),
            PostgresOptions.From(Configured.By())
        );

    [Fact]
    public void EachSetting_IsReadInItsUnit() =>
        Assert.Equal(
            new PostgresOptions(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1), 4096),
            PostgresOptions.From(
                Configured.By("DATABASE_HEALTH_INTERVAL_MS=200", "DATABASE_MAX_LAG_MS=1000", "DATABASE_MAX_LAG_BYTES=4096")
            )
        );

    [Theory]
    [InlineData("DATABASE_HEALTH_INTERVAL_MS must be a whole number from 50 to 3600000, not \"49\".", "DATABASE_HEALTH_INTERVAL_MS=49")]
    [InlineData("DATABASE_MAX_LAG_MS must be a whole number from 100 to 3600000, not \"10s\".", "DATABASE_MAX_LAG_MS=10s")]
    public void AValueOutOfBounds_IsRefused(string expected, string setting) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => PostgresOptions.From(Configured.By(setting))).Message);
}
