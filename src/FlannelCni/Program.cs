using Flannel.Cni;
using FlannelCni;
using FlannelCni.Installation;

if (args is ["install-conf", .. string[] paths]) return InstallCommand.CopyConfiguration(paths, Console.Error);
if (args is ["install", .. string[] targets]) return InstallCommand.CopyPlugin(targets, Console.Error);
return await CniPluginHost.RunAsync(new FlannelPlugin());
