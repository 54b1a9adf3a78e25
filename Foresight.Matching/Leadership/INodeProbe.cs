namespace Foresight.Matching.Leadership;

public interface INodeProbe
{
    /// <summary>Returns true only if the machine itself refuses the connection; a timeout may be a slow network.</summary>
    Task<bool> RefusesAsync(string address, CancellationToken cancellationToken);

    /// <summary>Completes when the process at the address or the connection to it ends, or the token is cancelled. Never throws.</summary>
    /// <returns>False if there was no connection to a node of this cluster, or if the token was cancelled.</returns>
    Task<bool> HasEndedAsync(string address, CancellationToken cancellationToken);
}
