using SyscallExplorer.Cli;
using SyscallExplorer.Notebooks;

return args is [NotebookChild.Verb, string pipe] ? await NotebookChild.RunAsync(pipe) : await CommandLine.RunAsync(args);
