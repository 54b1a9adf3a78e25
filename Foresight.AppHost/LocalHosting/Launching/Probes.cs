using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Null when it answers as it should, else what it answered. What cannot be reached throws.</summary>
internal static class Probes
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public static async Task<string?> HttpAsync(string url, int statusCode, CancellationToken cancellationToken)
    {
        using var response = await Http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return (int)response.StatusCode == statusCode ? null : $"GET {url} answers {(int)response.StatusCode}";
    }

    public static async Task<string?> RedisAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync("PING\r\n"u8.ToArray(), cancellationToken);
        var buffer = new byte[64];
        var read = await stream.ReadAsync(buffer, cancellationToken);
        var answer = Encoding.ASCII.GetString(buffer, 0, read).TrimEnd();
        return answer == "+PONG" ? null : $"PING answers {answer}";
    }

    public static async Task<string?> PostgresAsync(string connectionString, CancellationToken cancellationToken)
    {
        // No pool: a health check must see the server as a new client does.
        var unpooled =
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5, CommandTimeout = 5 }.ConnectionString;
        await using var connection = new NpgsqlConnection(unpooled);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteScalarAsync(cancellationToken);
        return null;
    }

    public static async Task<string?> EthereumAsync(string url, CancellationToken cancellationToken)
    {
        var request = new { jsonrpc = "2.0", id = 1, method = "eth_chainId", @params = Array.Empty<string>() };
        using var response = await Http.PostAsJsonAsync(url, request, cancellationToken);
        return response.IsSuccessStatusCode ? null : $"eth_chainId answers {(int)response.StatusCode}";
    }

    public static async Task<string?> TcpAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellationToken);
        return null;
    }
}
