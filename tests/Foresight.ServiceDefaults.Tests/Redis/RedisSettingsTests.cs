using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;

namespace Foresight.ServiceDefaults.Tests.Redis;

[Trait("Category", "Parts")]
public sealed class RedisSettingsTests
{
    [Theory]
    [InlineData("h:6379", "REDIS_HOST=h")]
    [InlineData("h:7000,defaultDatabase=3,password=p,,=p", "REDIS_HOST=h", "REDIS_PORT=7000", "REDIS_PASSWORD=p,,=p", "REDIS_DB=3")]
    [InlineData("h:6379", "REDIS_HOST=h", "REDIS_PORT=tcp://10.0.0.1:6379")]
    [InlineData("h:7000,password=p", "REDIS_URL=redis://h:7000", "REDIS_PASSWORD=p")]
    [InlineData("h:7000,user=u,defaultDatabase=2,password=p,=/", "REDIS_URL=redis://u:p%2C%3D%2F@h:7000/2")]
    [InlineData("h:7000,password=p", "ConnectionStrings:redis=h:7000,password=p", "REDIS_HOST=h", "REDIS_PORT=7000", "REDIS_PASSWORD=p")]
    [InlineData("h:7000,password=p", "ConnectionStrings:redis=h:7000,password=p", "REDIS_URL=redis://h:7000")]
    [InlineData("h:7000", "REDIS_URL=redis://h:7000", "REDIS_PORT=7000")]
    [InlineData("h:6379", "REDIS_URL=redis://h", "REDIS_PORT=6379")]
    [InlineData("h:0", "ConnectionStrings:redis=h", "REDIS_HOST=h", "REDIS_PORT=6379")]
    [InlineData("10.0.0.1:7000", "ConnectionStrings:redis=10.0.0.1:7000", "REDIS_PORT=7000")]
    public void Redis_IsFoundByEachOfItsNames(string expected, params string[] settings)
    {
        var options = RedisSettings.From(Configured.By(settings)).Options();
        var shown = options.EndPoints.Single().ToString()!.Replace("Unspecified/", "");
        if (options.User is not null)
            shown += $",user={options.User}";
        if (options.DefaultDatabase is { } database)
            shown += $",defaultDatabase={database}";
        if (options.Password is { Length: > 0 })
            shown += $",password={options.Password}";
        Assert.Equal(expected, shown);
    }

    [Theory]
    [InlineData("REDIS_URL is not set. Set it, REDIS_HOST or ConnectionStrings__redis to the address of Redis.")]
    [InlineData("REDIS_URL is not set. Set it, REDIS_HOST or ConnectionStrings__redis to the address of Redis.", "REDIS_PORT=7000")]
    [InlineData(
        "REDIS_URL and REDIS_PORT are set to different ports. Set only one of them, or both to the same value.",
        "REDIS_URL=redis://h",
        "REDIS_PORT=7000"
    )]
    [InlineData(
        "ConnectionStrings__redis and REDIS_PORT are set to different ports. Set only one of them, or both to the same value.",
        "ConnectionStrings:redis=10.0.0.1:7001",
        "REDIS_PORT=7000"
    )]
    [InlineData("REDIS_PORT must be a whole number from 1 to 65535, not \"70000\".", "REDIS_HOST=h", "REDIS_PORT=70000")]
    [InlineData("REDIS_DB must be a whole number from 0 to 9999, not \"first\".", "REDIS_HOST=h", "REDIS_DB=first")]
    [InlineData(
        "REDIS_URL and REDIS_HOST are set to different servers. Set only one of them, or both to the same value.",
        "REDIS_URL=redis://a",
        "REDIS_HOST=b"
    )]
    [InlineData(
        "ConnectionStrings__redis and REDIS_URL are set to different servers. Set only one of them, or both to the same value.",
        "ConnectionStrings:redis=a:6379",
        "REDIS_URL=redis://b"
    )]
    [InlineData(
        "REDIS_URL and REDIS_PASSWORD are set to different passwords. Set only one of them, or both to the same value.",
        "REDIS_URL=redis://:a@h",
        "REDIS_PASSWORD=b"
    )]
    [InlineData(
        "REDIS_URL and REDIS_DB are set to different databases. Set only one of them, or both to the same value.",
        "REDIS_URL=redis://h/1",
        "REDIS_DB=2"
    )]
    [InlineData("REDIS_URL must look like redis://[user:password@]host[:port][/database].", "REDIS_URL=http://h")]
    public void SettingsOfRedisThatContradictEachOther_AreRefusedInOneLine(string expected, params string[] settings) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => RedisSettings.From(Configured.By(settings))).Message);

    [Theory]
    [InlineData("REDIS_URL=redis://user:kept-secret@h:7000/2")]
    [InlineData("REDIS_URL=redis://h:7000/2", "REDIS_PASSWORD=kept-secret")]
    [InlineData("ConnectionStrings:redis=h:7000,password=kept-secret,defaultDatabase=2")]
    public void SettingsOfRedisThatArePrinted_ShowNoPassword(params string[] settings)
    {
        var printed = RedisSettings.From(Configured.By(settings)).ToString();
        Assert.DoesNotContain("kept-secret", printed);
        Assert.Contains("h:7000, KeyPrefix = foresight:, Database = 2", printed);
    }

    [Theory]
    [Trait("Category", "Trust")]
    [InlineData("REDIS_URL=redis://h:7000")]
    [InlineData("ConnectionStrings:redis=h:7000,password=")]
    public void WithoutAPassword_AServerIsRefused_OutsideDevelopment(string setting)
    {
        var settings = RedisSettings.From(Configured.By(setting));
        settings.RequirePassword(isDevelopment: true);
        var error = Assert.Throws<SettingException>(() => settings.RequirePassword(isDevelopment: false));
        Assert.StartsWith("REDIS_PASSWORD is not set", error.Message, StringComparison.Ordinal);
        RedisSettings.From(Configured.By(setting, "REDIS_PASSWORD=p")).RequirePassword(isDevelopment: false);
    }

    [Fact]
    [Trait("Category", "Trust")]
    public void AnAuthoritysFile_MustExist_AndNeedsTls()
    {
        var there = typeof(RedisSettingsTests).Assembly.Location;
        Assert.StartsWith(
            "REDIS_CA_FILE names a file that",
            Refusal("REDIS_TLS=true", "REDIS_CA_FILE=/not/there"),
            StringComparison.Ordinal
        );
        Assert.StartsWith("REDIS_CA_FILE is set, but", Refusal($"REDIS_CA_FILE={there}"), StringComparison.Ordinal);
        Assert.True(RedisSettings.From(Configured.By("REDIS_HOST=h", "REDIS_TLS=true")).Options().Ssl);

        static string Refusal(params string[] settings) =>
            Assert.Throws<SettingException>(() => RedisSettings.From(Configured.By(["REDIS_HOST=h", .. settings]))).Message;
    }
}
