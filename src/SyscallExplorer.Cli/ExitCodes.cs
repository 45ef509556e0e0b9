namespace SyscallExplorer.Cli;

/// <summary>What the command tells the shell.</summary>
internal static class ExitCodes
{
    internal const int Success = 0;

    /// <summary>A notebook is wrong, or one of its cells failed.</summary>
    internal const int Notebook = 1;

    /// <summary>The command line is wrong, or names a file that is not there.</summary>
    internal const int Usage = 2;

    /// <summary>Of exec: the kit, and not the program, could not go on. The program's own status would be in the way of the others.</summary>
    internal const int Kit = 125;
}
