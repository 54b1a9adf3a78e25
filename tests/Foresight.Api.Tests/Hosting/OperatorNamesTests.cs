using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.Extensions.Configuration;

namespace Foresight.Api.Tests.Hosting;

/// <summary>The plain names by which operators set what Aspire sets by its conventions.</summary>
[Trait("Category", "Parts")]
public sealed class OperatorNamesTests
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
        var options = RedisSettings.From(Configuration(settings)).Options();
        var shown = options.EndPoints.Single().ToString()!.Replace("Unspecified/", "");
        if (options.User is not null) shown += $",user={options.User}";
        if (options.DefaultDatabase is { } database) shown += $",defaultDatabase={database}";
        if (options.Password is { Length: > 0 }) shown += $",password={options.Password}";
        Assert.Equal(expected, shown);
    }

    [Theory]
    [InlineData("REDIS_URL is not set: it, REDIS_HOST or ConnectionStrings__redis says where Redis is.")]
    [InlineData("REDIS_URL is not set: it, REDIS_HOST or ConnectionStrings__redis says where Redis is.", "REDIS_PORT=7000")]
    [InlineData("REDIS_URL and REDIS_PORT name different ports: set one of them, or both to the same.",
        "REDIS_URL=redis://h", "REDIS_PORT=7000")]
    [InlineData("ConnectionStrings__redis and REDIS_PORT name different ports: set one of them, or both to the same.",
        "ConnectionStrings:redis=10.0.0.1:7001", "REDIS_PORT=7000")]
    [InlineData("REDIS_PORT must be a whole number from 1 to 65535, not \"70000\".", "REDIS_HOST=h", "REDIS_PORT=70000")]
    [InlineData("REDIS_DB must be a whole number from 0 to 9999, not \"first\".", "REDIS_HOST=h", "REDIS_DB=first")]
    [InlineData("REDIS_URL and REDIS_HOST name different servers: set one of them, or both to the same.", "REDIS_URL=redis://a", "REDIS_HOST=b")]
    [InlineData("ConnectionStrings__redis and REDIS_URL name different servers: set one of them, or both to the same.",
        "ConnectionStrings:redis=a:6379", "REDIS_URL=redis://b")]
    [InlineData("REDIS_URL and REDIS_PASSWORD name different passwords: set one of them, or both to the same.",
        "REDIS_URL=redis://:a@h", "REDIS_PASSWORD=b")]
    [InlineData("REDIS_URL and REDIS_DB name different databases: set one of them, or both to the same.", "REDIS_URL=redis://h/1", "REDIS_DB=2")]
    [InlineData("REDIS_URL must look like redis://[user:password@]host[:port][/database].", "REDIS_URL=http://h")]
    public void SettingsOfRedisThatContradictEachOther_AreRefusedInOneLine(string expected, params string[] settings) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => RedisSettings.From(Configuration(settings))).Message);

    [Theory]
    [InlineData("REDIS_URL=redis://user:kept-secret@h:7000/2")]
    [InlineData("REDIS_URL=redis://h:7000/2", "REDIS_PASSWORD=kept-secret")]
    [InlineData("ConnectionStrings:redis=h:7000,password=kept-secret,defaultDatabase=2")]
    public void SettingsOfRedisThatArePrinted_ShowNoPassword(params string[] settings)
    {
        var printed = RedisSettings.From(Configuration(settings)).ToString();
        Assert.DoesNotContain("kept-secret", printed);
        Assert.Contains("h:7000, KeyPrefix = foresight:, Database = 2", printed);
    }

    [Theory]
    [InlineData("n", "NODE_ID=n", "POD_NAME=p", "OTEL_RESOURCE_ATTRIBUTES=a=b,service.instance.id=i", "HOSTNAME=h")]
    [InlineData("p", "POD_NAME=p", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i", "HOSTNAME=h")]
    [InlineData("i", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i", "HOSTNAME=h")]
    [InlineData("s-i", "OTEL_SERVICE_NAME=s", "OTEL_RESOURCE_ATTRIBUTES=service.instance.id=i")]
    [InlineData("h", "HOSTNAME=h")]
    public void ANode_HasTheFirstNameThatIsSet(string expected, params string[] settings) =>
        Assert.Equal(expected, NodeIdentity.From(Configuration(settings), "app", DateTimeOffset.UnixEpoch).Id);

    [Fact]
    public void AWrongName_IsRefusedByTheSettingThatHoldsIt()
    {
        var error = Assert.Throws<SettingException>(() => NodeIdentity.From(Configuration("POD_NAME=a b"), "app", DateTimeOffset.UnixEpoch));
        Assert.StartsWith("POD_NAME must be at most 63 letters", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(true, "CLUSTER_ENABLED=true")]
    [InlineData(false, "CLUSTER_ENABLED=false")]
    public void TheCluster_IsEnabledUnlessItIsSwitchedOff(bool expected, params string[] settings) =>
        Assert.Equal(expected, Configuration(settings).ClusterEnabled());

    private static IConfiguration Configuration(params string[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1]))).Build();
}
