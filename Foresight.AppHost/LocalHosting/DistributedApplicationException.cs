namespace Aspire.Hosting;

/// <summary>A fault of the model or of the machine that its user can put right; the message says how.</summary>
public class DistributedApplicationException : Exception
{
    public DistributedApplicationException(string message) : base(message) { }

    public DistributedApplicationException(string message, Exception inner) : base(message, inner) { }
}
