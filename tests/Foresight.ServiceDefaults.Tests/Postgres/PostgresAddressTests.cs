using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Configuration;

namespace Foresight.ServiceDefaults.Tests.Postgres;

public sealed class PostgresAddressTests
{
    [Fact]
    public void Url_IsReadWithEscapedCredentialsAndOptions()
    {
        var primary = From(("DATABASE_URL", "postgres://us%40er:p%3Aw@db.example:6000/fore?sslmode=verify-full")).Primary;
        Assert.Equal(
            ("us@er", "p:w", "db.example", 6000, "fore"),
            (primary.Username, primary.Password, primary.Host, primary.Port, primary.Database)
        );
        Assert.Equal(Npgsql.SslMode.VerifyFull, primary.SslMode);
    }

    [Fact]
    public void AspiresConnectionString_WinsOverTheUrl() =>
        Assert.Equal("a", From(("ConnectionStrings:foresight", "Host=a;Database=d"), ("DATABASE_URL", "postgres://b/d")).Primary.Host);

    [Fact]
    public void Replica_GivenAsAPlace_HasThePrimarysCredentials()
    {
        var address = From(
            ("DATABASE_URL", "postgres://user:secret@a:1/fore"),
            ("DATABASE_REPLICA_1_URL", "tcp://b:2"),
            ("DATABASE_REPLICA_2_URL", "postgres://other@c/fore"),
            ("DATABASE_REPLICA_2_WEIGHT", "3")
        );
        var (first, second) = (address.Replicas[0], address.Replicas[1]);
        Assert.Equal(
            ("b", 2, "user", "secret", "fore"),
            (first.Connection.Host, first.Connection.Port, first.Connection.Username, first.Connection.Password, first.Connection.Database)
        );
        Assert.Equal((1, 3), (first.Weight, second.Weight));
        Assert.Equal(("other", 5432), (second.Connection.Username, second.Connection.Port));
    }

    [Theory]
    [InlineData("postgres://user:a,b@a:1,b,c:3/fore?sslmode=require")]
    [InlineData("Host=a:1,b,c:3;Username=user;Password=a,b;Database=fore")]
    public void SeveralHosts_AndEveryReplica_MayBeThePrimary(string url)
    {
        var address = From(("DATABASE_URL", url), ("DATABASE_REPLICA_1_URL", "tcp://r:2"), ("DATABASE_REPLICA_2_URL", "tcp://c:3"));
        Assert.Equal(["a:1", "b:5432", "c:3", "r:2"], address.Candidates.Select(place => place.ToString()));
        Assert.Equal(
            ("a", 1, "a,b", "fore"),
            (address.Primary.Host, address.Primary.Port, address.Primary.Password, address.Primary.Database)
        );
    }

    [Theory]
    [InlineData(null, "DATABASE_URL (or ConnectionStrings__foresight) is not set: it is the address of the primary database.")]
    [InlineData("mysql://a/b", "DATABASE_URL must start with postgres://, not mysql://.")]
    [InlineData("postgres://a", "DATABASE_URL names no database.")]
    [InlineData("tcp://a:1", "DATABASE_URL must include user and database: postgres://user:password@host:port/database.")]
    [InlineData("nonsense", "DATABASE_URL is neither a postgres:// URL nor a connection string: ArgumentException.")]
    public void AWrongAddress_IsOneSentenceForTheOperator(string? url, string sentence) =>
        Assert.Equal(sentence, Assert.Throws<SettingException>(() => From(("DATABASE_URL", url))).Message);

    [Fact]
    public void AWrongAddress_IsNotRepeated_BecauseItHoldsAPassword() =>
        Assert.DoesNotContain("hunter2", Assert.Throws<SettingException>(() => From(("DATABASE_URL", "Hosst=a;Password=hunter2"))).Message);

    private static PostgresAddress From(params (string Name, string? Value)[] settings) =>
        PostgresAddress.From(
            new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(one => one.Name, one => one.Value)).Build()
        );
}
