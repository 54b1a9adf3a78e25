using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;
using Microsoft.Extensions.Configuration;
using Npgsql;

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

    [Theory]
    [Trait("Category", "Trust")]
    [InlineData("postgres://user:secret@a/d", "ScramSHA256")]
    [InlineData("postgres://user:secret@a/d?sslmode=require", "ScramSHA256")]
    [InlineData("Host=a;Username=user;Password=secret", "ScramSHA256")]
    [InlineData("postgres://user:secret@a/d?sslmode=verify-full", null)]
    [InlineData("postgres://user:secret@a/d?sslmode=verify-ca", "ScramSHA256")]
    [InlineData("postgres://user@a/d", "ScramSHA256")]
    [InlineData("Host=a;Username=user;SSL Certificate=client.pem", null)]
    [InlineData("postgres://user:secret@a/d?require_auth=md5", "MD5")]
    [InlineData("postgres://user@a/d?require_auth=none", "None")]
    [InlineData("Host=a;Username=user;Password=secret;Require Auth=MD5", "MD5")]
    public void PasswordIsGivenOnlyToAServerThatProvesItself(string url, string? required) =>
        Assert.Equal(required, From(("DATABASE_URL", url)).Primary.RequireAuth);

    [Theory]
    [Trait("Category", "Trust")]
    [InlineData(new byte[] { (byte)'R', 0, 0, 0, 8, 0, 0, 0, 3 })]
    [InlineData(new byte[] { (byte)'R', 0, 0, 0, 12, 0, 0, 0, 5, 1, 2, 3, 4 })]
    [InlineData(new byte[] { (byte)'R', 0, 0, 0, 8, 0, 0, 0, 0, (byte)'Z', 0, 0, 0, 5, (byte)'I' })]
    public async Task ImpostorAtTheServersPort_IsGivenNoPassword_AndNotBelieved(byte[] answer)
    {
        using var impostor = new TcpListener(IPAddress.Loopback, 0);
        impostor.Start();
        var place = (IPEndPoint)impostor.LocalEndpoint;
        var heard = HearAsync(impostor, answer);
        var address = From(("DATABASE_URL", $"postgres://user:secret@127.0.0.1:{place.Port}/d?sslmode=disable"));
        address.Primary.GssEncryptionMode = GssEncryptionMode.Disable;
        await using var client = NpgsqlDataSource.Create(address.Primary);
        var refused = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await client.OpenConnectionAsync());
        Assert.Contains("authentication method", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await heard.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    /// <returns>What the client has sent after the answer to its first message.</returns>
    private static async Task<byte[]> HearAsync(TcpListener impostor, byte[] answer)
    {
        using var client = await impostor.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(length) - length.Length]);
        await stream.WriteAsync(answer);
        using var rest = new MemoryStream();
        await stream.CopyToAsync(rest);
        return rest.ToArray();
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
