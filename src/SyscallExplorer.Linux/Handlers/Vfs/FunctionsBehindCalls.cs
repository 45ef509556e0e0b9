namespace SyscallExplorer.Linux;

/// <summary>The functions that handlers share or call, each under the kernel's own name.</summary>
internal static class FunctionsBehindCalls
{
    public static void Emit(KernelAssembler k)
    {
        k.Composed();
        k.Phase(PhaseKind.Handler);
        var c = new CompiledCode(k);
        FileLookup.Emit(c);
        SecurityHooks.Emit(c);
        FileEvents.Emit(c);
        VfsTransfer.Emit(c);
        MemoryDevices.Emit(c);
        IteratedRead.Emit(c);
        ClearUser.Emit(c);
        HostedFile.Emit(c);
        ReadLock.Emit(c);
        PidNumbers.Emit(c);
        IdentityMaps.Emit(c);
        c.EmitImpossible();
    }
}
