namespace Foresight.Matching.Leadership;

public interface INodeProbe
{
    /// <summary>Returns true only if the machine itself refuses the connection; a timeout may be a slow network.</summary>
    Task<bool> RefusesAsync(string address, CancellationToken cancellationToken);

    /// <summary>See <see cref="Cluster.GatewayClient.WaitForEndAsync"/>. Never throws.</summary>
    Task<bool> WaitForEndAsync(string address, CancellationToken cancellationToken);
}
