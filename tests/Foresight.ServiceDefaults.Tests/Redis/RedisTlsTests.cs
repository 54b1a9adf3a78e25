using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Foresight.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Tests.Redis;

/// <summary>
/// The server is real and speaks TLS only. This machine does not know the authority of its certificate, so that only
/// REDIS_CA_FILE can help.
/// </summary>
[Trait("Category", "Trust")]
public sealed class RedisTlsTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("foresight-redis-tls-");
    private readonly int _port = FreePort();
    private Process _server = null!;

    private string CaFile => Path.Combine(_folder.FullName, "ca.pem");

    public async Task InitializeAsync()
    {
        WriteCertificates();
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
        [
            "--port",
            "0",
            "--tls-port",
            $"{_port}",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--requirepass",
            "p",
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            File("server.pem"),
            "--tls-key-file",
            File("server.key"),
            "--tls-ca-cert-file",
            CaFile,
        ];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        _server = Process.Start(start)!;
        while (await _server.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
                return;
        }

        throw new InvalidOperationException("redis-server did not start with TLS: " + await _server.StandardError.ReadToEndAsync());
    }

    public async Task DisposeAsync()
    {
        _server.Kill();
        await _server.WaitForExitAsync();
        _server.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("REDIS_URL=rediss://:p@localhost:{0}")]
    [InlineData("REDIS_URL=redis://:p@localhost:{0}", "REDIS_TLS=true")]
    [InlineData("ConnectionStrings:redis=localhost:{0},password=p", "REDIS_TLS=true")]
    public async Task WithTheAuthoritysFile_TheServerIsReached(params string[] settings)
    {
        await using var redis = await ConnectAsync([.. settings, $"REDIS_CA_FILE={CaFile}"]);
        Assert.True(await redis.GetDatabase().StringSetAsync("x", "y"));
    }

    [Theory]
    [InlineData("REDIS_URL=rediss://:p@localhost:{0}")]
    [InlineData("REDIS_URL=redis://:p@localhost:{0}")]
    public async Task WithoutItOrWithoutTls_TheServerIsNotReached(params string[] settings)
    {
        await using var redis = await ConnectAsync(settings);
        await Assert.ThrowsAsync<RedisConnectionException>(() => redis.GetDatabase().StringSetAsync("x", "y"));
    }

    private async Task<ConnectionMultiplexer> ConnectAsync(IEnumerable<string> settings) =>
        await ConnectionMultiplexer.ConnectAsync(
            RedisSettings.From(Configured.By([.. settings.Select(setting => setting.Replace("{0}", $"{_port}"))])).Options()
        );

    private string File(string name) => Path.Combine(_folder.FullName, name);

    private void WriteCertificates()
    {
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority of this test", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var authority = request.CreateSelfSigned(from, until);
        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ofServer = new CertificateRequest("CN=localhost", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        ofServer.CertificateExtensions.Add(names.Build());
        using var certificate = ofServer.Create(authority, from, until, [1]);
        System.IO.File.WriteAllText(CaFile, authority.ExportCertificatePem());
        System.IO.File.WriteAllText(File("server.pem"), certificate.ExportCertificatePem());
        System.IO.File.WriteAllText(File("server.key"), serverKey.ExportPkcs8PrivateKeyPem());
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
