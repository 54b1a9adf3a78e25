namespace Foresight.Matching.Leadership;

/// <summary>Probes whether anything listens at an address. Implemented by a socket and by the simulator.</summary>
public interface INodeProbe
{
    /// <summary>Returns true only if the machine itself refuses the connection; a timeout may be a slow network.</summary>
    Task<bool> RefusesAsync(string address, CancellationToken cancellationToken);
}
