using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Native;

public sealed class NativePostgresReplicaResource(string name, NativeState state, NativePostgresResource primary)
    : NativeServerResource(name, state, "tcp")
{
    public NativePostgresResource Primary { get; } = primary;

    public override ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create(
            $"Host={Address};Port={PrimaryEndpoint.Property(EndpointProperty.Port)};"
                + $"Username={NativePostgresResource.UserName};Password={Primary.Password};{NativePostgresResource.RequireProof}"
        );
}

/// <summary>One script for the postgres image and for native programs, so that both make the same standby.</summary>
public static class PostgresReplicaScript
{
    public static string Text { get; } = Read();

    private static string Read()
    {
        using var stream = typeof(PostgresReplicaScript).Assembly.GetManifestResourceStream("postgres-replica.sh")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

internal static class NativePostgresReplica
{
    public static async Task<NativeServer> PrepareAsync(
        NativePostgresReplicaResource replica,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        var account = await NativePostgres.PrepareFolderAsync(replica, logger, cancellationToken);
        return new NativeServer
        {
            Command = ["bash", "-c", PostgresReplicaScript.Text],
            RunAs = account,
            StopSignal = "INT",
        };
    }
}
