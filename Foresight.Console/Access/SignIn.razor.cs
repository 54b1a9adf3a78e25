namespace Foresight.Console.Access;

// Not in the .razor file, because the source generator of log methods does not see the Razor compiler's output.
public sealed partial class SignIn
{
    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Operator {Name} has signed in.")]
        public static partial void SignedIn(ILogger logger, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Sign-in of {Name} from {Address} refused: the Api does not accept the key.")]
        public static partial void Refused(ILogger logger, string name, string address);
    }
}
